import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { root } from './page-blocks.js';

const run = promisify(execFile);

describe('the reference of the API', function () {
  this.timeout(120_000);

  it('is made without a warning, with a word about every export of every entry point', async () => {
    const { stdout, stderr } = await run(
      process.execPath,
      ['scripts/api-reference/write-api-reference.mjs', '--check'],
      { cwd: root },
    );
    const { exports: published } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, unknown>;
    };
    const named = Object.keys(published).filter((path) => !/\*|json$/.test(path));
    const plugins = readdirSync(join(root, 'plugins')).filter((plugin) =>
      readdirSync(join(root, 'plugins', plugin)).includes('public.ts'),
    );
    expect(stderr).equal('');
    expect(stdout).equal(`${named.length + plugins.length} modules are documented\n`);
  });

  it('has its own TypeScript, and the project another one', async () => {
    const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['--version']);
    expect(stdout).match(/^Version 7\./);
    expect(realpathSync(join(root, 'node_modules/.bin/tsc'))).contain('node_modules/typescript/');
    const older = join(root, 'scripts/api-reference/node_modules/.bin/tsc');
    expect((await run(older, ['--version'])).stdout).match(/^Version 5\./);
  });
});
