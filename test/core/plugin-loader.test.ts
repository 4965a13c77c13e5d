import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadPlugin } from '../../core/plugin-loader.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';

const plugin = (name: string) =>
  `import { definePlugin } from 'beaconry';\nexport default definePlugin({ name: '${name}', api: 1, setup() {} });\n`;

describe('loadPlugin', () => {
  const folder = temporaryFolder();
  const write = (path: string, text: string) => {
    mkdirSync(join(folder.path, path, '..'), { recursive: true });
    writeFileSync(join(folder.path, path), text);
  };
  const codeOf = (use: string) =>
    loadPlugin(use, folder.path).then(
      () => 'loaded',
      (error) => error.code,
    );

  it('loads a file relative to the configuration', async () => {
    write('mods/own.mjs', plugin('own'));
    expect((await loadPlugin('./mods/own.mjs', folder.path)).name).equal('own');
  });

  it('loads a package that is installed beside the configuration, exported for import only', async () => {
    write('node_modules/beaconry-x/index.js', plugin('x'));
    write(
      'node_modules/beaconry-x/package.json',
      JSON.stringify({ type: 'module', exports: { import: './index.js' } }),
    );
    expect((await loadPlugin('beaconry-x', folder.path)).name).equal('x');
  });

  it('refuses a package made for another version of the host', async () => {
    write('node_modules/old/index.js', plugin('old'));
    write(
      'node_modules/old/package.json',
      JSON.stringify({
        type: 'module',
        main: 'index.js',
        peerDependencies: { beaconry: '^99.0.0' },
      }),
    );
    expect(await codeOf('old')).equal('PLUGIN_PEER');
  });

  it('says how to build a TypeScript file', async () => {
    write('own.ts', '');
    expect(await codeOf('./own.ts')).equal('PLUGIN_TYPESCRIPT');
  });

  it('names what is missing, is no plugin, or is broken', async () => {
    write('empty.mjs', 'export default {};');
    write('broken.mjs', 'export default (');
    write('later.mjs', 'export default { name: "later", api: 2, setup() {} };');
    expect(await codeOf('./nowhere.mjs')).equal('PLUGIN_MISSING');
    expect(await codeOf('nowhere')).equal('PLUGIN_MISSING');
    expect(await codeOf('./empty.mjs')).equal('NOT_A_PLUGIN');
    expect(await codeOf('./broken.mjs')).equal('PLUGIN_LOAD');
    expect(await codeOf('./later.mjs')).equal('PLUGIN_API');
  });
});
