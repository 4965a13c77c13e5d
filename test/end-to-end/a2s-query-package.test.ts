import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { runNode } from './run-node.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const PACKED_LIMIT = 100_000;

describe('package a2s-query', () => {
  let folder: string;
  let server: TestServer | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'a2s-query-test-'));
  });
  afterEach(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('stands alone: installed in an empty folder, it queries a server', async () => {
    const script = join(root, 'scripts/pack-a2s-query.mjs');
    const tarball = execFileSync(process.execPath, [script, folder], { encoding: 'utf8' }).trim();
    const decoder = dirname(createRequire(import.meta.url).resolve('seek-bzip/package.json'));
    const packedDecoder = execFileSync('tar', ['-czhf', '-', '-C', decoder, '.']);
    expect(statSync(tarball).size + packedDecoder.length).to.be.below(PACKED_LIMIT);

    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, 'a2s-query'), { recursive: true });
    execFileSync('tar', [
      '-xzf',
      tarball,
      '--strip-components=1',
      '-C',
      join(modules, 'a2s-query'),
    ]);
    symlinkSync(decoder, join(modules, 'seek-bzip'), 'junction');
    writeFileSync(
      join(folder, 'query.mjs'),
      `import { QueryClient, UdpSocket } from 'a2s-query';
       const socket = new UdpSocket();
       const client = new QueryClient(socket);
       const { info } = await client.info({ host: '127.0.0.1', port: Number(process.argv[2]) });
       console.log(info.name);
       client.close();
       await socket.close();`,
    );

    server = await startTestServer({
      real: true,
      plugins: { 'game-server': { name: 'From a package' }, a2s: {} },
    });
    const { port } = server.address('game');
    const output = await runNode([join(folder, 'query.mjs'), String(port)], folder);
    expect(output.trim()).to.equal('From a package');
  });
});
