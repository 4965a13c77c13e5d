import preact from '@preact/preset-vite';
import { compressedFiles } from './build/compressed-files.js';
import { landDots } from './build/land-dots.js';

export default {
  root: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  plugins: [
    preact({ prefreshEnabled: false, devToolsEnabled: false }),
    landDots(),
    compressedFiles(),
  ],
  base: './',
  resolve: {
    // The page has no hooks; signals import them for functions that are not used here.
    alias: { 'preact/hooks': new URL('build/no-hooks.js', import.meta.url).pathname },
  },
  build: {
    outDir: '../../../dist/server-browser/web/page',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    // Parts that come later bring no styles of their own, so that nothing has to be loaded beside them.
    modulePreload: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'preact', test: /node_modules\/(@preact|preact)\// },
            {
              name: 'main',
              test: /src\/(main|list|row|icon|lazy|live|state|saved|filters|server-table|words)\.tsx?$|listed-server/,
            },
          ],
        },
      },
      input: {
        index: new URL('index.html', import.meta.url).pathname,
        admin: new URL('admin/index.html', import.meta.url).pathname,
      },
    },
  },
};
