import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { blocksOf } from '../docs/page-blocks.js';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { copyQuake3Package, quake3Folder, root } from './quake3-package.js';

const run = promisify(execFile);

describe('docs/writing-a-protocol.md', function () {
  this.timeout(60_000);
  const blocks = blocksOf('docs/writing-a-protocol.md');
  const folder = temporaryFolder();
  let running: BeaconryProcess | undefined;
  afterEach(async () => {
    await running?.kill();
    running = undefined;
  });

  it('has blocks of every kind', () => {
    expect(blocks.length).greaterThan(10);
    expect(new Set(blocks.map(({ language }) => language))).deep.equal(
      new Set(['json', 'js', 'sh', 'yaml']),
    );
  });

  for (const { line, language, about, code } of blocks) {
    const title = `line ${line}, ${language} ${about}`.trim();
    if (about === 'run') {
      it(`${title} runs`, async () => {
        copyQuake3Package(folder.path);
        writeFileSync(join(folder.path, 'block.js'), code);
        await run(process.execPath, ['block.js'], { cwd: folder.path });
      });
    } else if (about !== '') {
      it(`${title} is part of the file`, () => {
        expect(readFileSync(join(root, about), 'utf8')).contain(code);
      });
    } else if (language === 'sh') {
      it(`${title} runs`, async () => {
        copyQuake3Package(folder.path);
        const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
        await run('sh', ['-ec', code], { cwd: folder.path, env });
      });
    } else {
      it(`${title} starts`, async () => {
        expect(language).equal('yaml');
        const modules = join(folder.path, 'node_modules');
        mkdirSync(modules);
        symlinkSync(quake3Folder, join(modules, 'beaconry-quake3-master'), 'junction');
        writeFileSync(join(folder.path, 'beaconry.yaml'), code);
        running = new BeaconryProcess(
          [
            'start',
            ...['--set', 'endpoints.master.udp=127.0.0.1:0'],
            ...['--set', 'endpoints.http.http=127.0.0.1:0'],
          ],
          { cwd: folder.path },
        );
        const { plugins } = await running.ready();
        expect(new Set(Object.values(plugins))).deep.equal(new Set(['running']));
      });
    }
  }
});
