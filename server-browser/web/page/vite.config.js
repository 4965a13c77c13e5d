import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { compressedFiles } from './build/compressed-files.js';
import { earlyWords } from './build/early-words.js';
import { landDots } from './build/land-dots.js';
import { plainImports } from './build/plain-imports.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default {
  root: here('.'),
  plugins: [
    preact({ prefreshEnabled: false, devToolsEnabled: false }),
    plainImports(),
    landDots(),
    earlyWords(),
    compressedFiles(),
  ],
  base: './',
  resolve: {
    // The page has no hooks; signals import them for functions that are not used here.
    alias: { 'preact/hooks': here('build/no-hooks.js') },
  },
  build: {
    outDir: '../../../dist/server-browser/web/page',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'preact', test: /node_modules\/(@preact|preact)\// },
            {
              name: 'main',
              test: /src\/(main|list|list-head|row-element|lazy|live|state|saved|filters|words)\.tsx?$|listed-server|server-table|row-view|row-html/,
            },
          ],
        },
      },
      input: {
        index: here('index.html'),
        admin: here('admin/index.html'),
      },
    },
  },
};
