import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';

const check = (...root: string[]) =>
  spawnSync(process.execPath, ['scripts/check-file-lengths.mjs', ...root], { encoding: 'utf8' });

describe('the length of source files', () => {
  let root: string;

  const write = (path: string, lines: number) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), 'line\n'.repeat(lines));
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'beaconry-lengths-'));
    for (const folder of ['core', 'plugins', 'server-browser']) write(`${folder}/short.ts`, 250);
  });

  afterEach(() => rmSync(root, { recursive: true }));

  it('is at most 250 lines in this project', () => {
    const { status, stderr } = check();
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });

  it('is complained of with file, lines and the way out, for all files at once', () => {
    write('core/net/long.ts', 251);
    write('server-browser/web/page/long.css', 300);
    const { status, stderr } = check(root);
    expect(status).to.equal(1);
    expect(stderr.trim().split('\n')).to.eql([
      'core/net/long.ts has 251 lines, 1 too many: take something with a name of its own out of it, into a file with that name',
      'server-browser/web/page/long.css has 300 lines, 50 too many: take something with a name of its own out of it, into a file with that name',
    ]);
  });

  it('does not count for generated code, words and what is installed', () => {
    write('plugins/relay/relay_pb.ts', 900);
    write('server-browser/web/page/words/en.json', 900);
    write('server-browser/web/node_modules/some/long.js', 900);
    expect(check(root).status).to.equal(0);
  });
});
