import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { newPlugin } from '../../../core/new-plugin/new-plugin.js';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';
import { runPluginTests } from './run-plugin-tests.js';

const run = promisify(execFile);
const { resolve: find } = createRequire(import.meta.url);
const compiler = join(find('typescript/package.json'), '../bin/tsc');

/** The compiler of the plugin's own installation would find these. */
function linkTypesOfNode(folder: string): void {
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  const types = join(find('@types/node/package.json'), '..');
  symlinkSync(types, join(folder, 'node_modules/@types/node'), 'junction');
}

describe('what beaconry new-plugin writes', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  it('has types that the compiler agrees with', async () => {
    const { folder: plugin } = newPlugin('last-seen', {
      parent: folder.path,
      language: 'javascript',
    });
    linkTypesOfNode(plugin);
    await run(process.execPath, [compiler, '-p', 'jsconfig.json'], { cwd: plugin });
  });

  it('compiles with --typescript, and its tests are green', async () => {
    const { folder: plugin } = newPlugin('last-seen', {
      parent: folder.path,
      language: 'typescript',
    });
    linkTypesOfNode(plugin);
    await run(process.execPath, [compiler], { cwd: plugin });
    const files = ['dist/tests/index.test.js', 'dist/tests/pack.test.js'];
    expect(await runPluginTests(plugin, files)).deep.equal({ passed: 5, failed: 0 });
  });
});
