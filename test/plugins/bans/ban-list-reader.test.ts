import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { readBanList } from '../../../plugins/bans/ban-list-reader.js';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';

const line = '{"subject":"192.0.2.1"}\n';
const limits = { bytes: 1000, time: 30_000 };

describe('reading a list of bans', () => {
  const folder = temporaryFolder();
  let clock: FakeClock;
  let server: Server | undefined;
  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/list`;
  };
  const read = (source: string, sha256: Uint8Array | null = null) =>
    readBanList({ source, folder: folder.path, sha256 }, limits, clock).catch(
      (error: { code: string; message: string }) => `${error.code} ${error.message}`,
    );

  beforeEach(() => {
    clock = new FakeClock();
  });
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    expect(clock.pending).equal(0);
  });

  it('takes a file relative to the configuration, or what a web server says', async () => {
    writeFileSync(join(folder.path, 'list'), line);
    expect(await read('list')).equal(line);
    expect(await read(await serve((_request, response) => response.end(line)))).equal(line);
  });

  it('stops at the limit of size, whether the length was said before or not', async () => {
    writeFileSync(join(folder.path, 'list'), 'x'.repeat(1001));
    expect(await read('list'))
      .contain('larger than 1000 bytes')
      .and.contain('the old list stays');
    const url = await serve((_request, response) => {
      response.write('x'.repeat(600));
      response.write('x'.repeat(600));
    });
    expect(await read(url)).contain('larger than 1000 bytes');
  });

  for (const [what, listener] of [
    ['says nothing', () => {}],
    ['goes on for ever', (_request, response) => response.write(line)],
  ] as const satisfies readonly (readonly [string, RequestListener])[]) {
    it(`gives up on a site that ${what}`, async () => {
      const asked = new Promise<void>((resolve) => {
        void serve((request, response) => {
          listener(request, response);
          setTimeout(resolve, 20);
        }).then(async (url) => {
          answer = read(url);
        });
      });
      let answer: Promise<string> | undefined;
      await asked;
      await clock.advance(30_000);
      expect(await answer).contain('did not arrive within 30 s');
    });
  }

  it('takes only what has the pinned hash', async () => {
    writeFileSync(join(folder.path, 'list'), line);
    const right = createHash('sha256').update(line).digest();
    expect(await read('list', right)).equal(line);
    expect(await read('list', new Uint8Array(32))).contain(`SHA-256 ${right.toString('hex')}`);
  });

  it('follows no redirect and accepts no error page', async () => {
    const url = await serve(({ url }, response) => {
      if (url === '/list') response.writeHead(302, { location: '/other' }).end();
      else response.writeHead(500).end(line);
    });
    expect(await read(url)).contain('redirect');
    expect(await read(url.replace('/list', '/broken'))).contain('answered 500');
  });

  it('asks for https everywhere but on loopback, and names a file that is missing', async () => {
    expect(await read('http://192.0.2.1/list')).contain('must be an https: address');
    expect(await read('file:///etc/passwd')).contain('must be an https: address');
    expect(await read('missing'))
      .contain('BAN_LIST')
      .and.contain('ENOENT');
  });

  it('refuses bytes that are no text', async () => {
    writeFileSync(join(folder.path, 'list'), Uint8Array.of(0xff, 0xfe, 0x00));
    expect(await read('list')).contain('BAN_LIST');
  });
});
