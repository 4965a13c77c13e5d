import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../words/', import.meta.url);

/**
 * Ships the texts of the page, and tells its first script where they are, so that they are under way before the
 * scripts that show them have come: what the list waits for comes side by side.
 */
export const earlyWords = () => {
  const references = new Map();
  return {
    name: 'early-words',
    apply: 'build',
    buildStart() {
      for (const name of readdirSync(folder)) {
        if (!/^[a-z]{2}\.json$/.test(name)) continue;
        const originalFileName = fileURLToPath(new URL(name, folder));
        const source = readFileSync(originalFileName);
        references.set(
          name.slice(0, 2),
          this.emitFile({ type: 'asset', name, originalFileName, source }),
        );
      }
    },
    transformIndexHtml: {
      order: 'post',
      handler: (html, { bundle }) => {
        const files = {};
        for (const { fileName, names = [] } of Object.values(bundle)) {
          const [language] = [...references.keys()].filter((one) => names.includes(`${one}.json`));
          if (language !== undefined) files[language] = fileName;
        }
        return html.replace("'WORD_FILES'", JSON.stringify(files));
      },
    },
  };
};
