/**
 * Tells the page's first script where its texts are, so that they are under way before the scripts that show
 * them have come: what the first row waits for comes side by side.
 */
export const earlyWords = () => ({
  name: 'early-words',
  transformIndexHtml: {
    order: 'post',
    handler(html, { bundle = {} }) {
      const files = {};
      for (const { fileName, originalFileNames = [] } of Object.values(bundle)) {
        for (const name of originalFileNames) {
          const language = /words\/([a-z]{2})\.json$/.exec(name)?.[1];
          if (language !== undefined) files[language] = fileName;
        }
      }
      return html.replace("'WORD_FILES'", JSON.stringify(files));
    },
  },
});
