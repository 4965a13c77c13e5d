const HELPER = '\0vite/preload-helper.js';

/**
 * Parts that come later bring nothing that would have to be loaded beside them, so the helper that would do it,
 * a twentieth of the script that the list waits for, is left out.
 */
export const plainImports = () => ({
  name: 'plain-imports',
  enforce: 'pre',
  load: (id) => (id === HELPER ? 'export const __vitePreload = (load) => load();' : undefined),
});
