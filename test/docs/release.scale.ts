import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { root } from './page-blocks.js';

const run = promisify(execFile);

describe('a release', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const inFolder = (name: string) => join(folder.path, name);
  const read = (name: string) => readFileSync(inFolder(name), 'utf8');
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...args], {
      cwd: folder.path,
    });
  const changeset = (...args: string[]) =>
    run(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), ...args], {
      cwd: folder.path,
    });

  beforeEach(async () => {
    const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
    };
    writeFileSync(inFolder('package.json'), JSON.stringify({ name, version }, null, 2));
    writeFileSync(inFolder('package-lock.json'), '{}');
    for (const path of ['.changeset', 'CHANGELOG.md']) {
      cpSync(join(root, path), inFolder(path), { recursive: true });
    }
    await git('init', '--quiet', '--initial-branch=main');
    await git('add', '--all');
    await git('commit', '--quiet', '--message=before');
  });

  it('can be made of the changes that wait, and those can be read', async () => {
    await changeset('status');
  });

  it('is asked for a word about a change that brings none', async () => {
    await git('checkout', '--quiet', '-b', 'work');
    writeFileSync(inFolder('code.js'), '');
    await git('add', '--all');
    await git('commit', '--quiet', '--message=silent');
    const failed = await changeset('status').catch((error: { stderr: string }) => error);
    expect(failed.stderr).contain('no changesets were found');
  });

  it('puts the words about changes on top of the changelog, and raises the version by what they are', async () => {
    const before = read('CHANGELOG.md');
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const [major, minor = '0'] = version.split('.');
    const word = "---\n'beaconry': minor\n---\n\nThe master speaks Klingon.\n";
    writeFileSync(inFolder('.changeset/quick-word.md'), word);
    await git('add', '--all');
    await git('commit', '--quiet', '--message=change');
    await changeset('version');
    const next = `${major}.${Number(minor) + 1}.0`;
    expect(JSON.parse(read('package.json'))).include({ version: next });
    const after = read('CHANGELOG.md');
    const title = '# beaconry\n';
    expect(after.startsWith(`${title}\n## ${next}\n\n### Minor Changes\n\n- `)).equal(true);
    expect(after).match(/^- [0-9a-f]{7}: The master speaks Klingon\.$/m);
    // What was said before stands below as it was.
    expect(before.startsWith(title)).equal(true);
    expect(after.endsWith(before.slice(title.length))).equal(true);
    expect(existsSync(inFolder('.changeset/quick-word.md'))).equal(false);
  });
});
