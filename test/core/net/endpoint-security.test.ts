import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { definePlugin } from 'beaconry';
import { hex, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';

const pem = (name: string) =>
  fileURLToPath(new URL(`../../../../fixtures/keys/${name}.pem`, import.meta.url));
const header = hex`0d 0a 0d 0a 00 0d 0a "QUIT" 0a 21 11 00 0c
  c0 00 02 07  c6 33 64 01  d4 31  01 bb`;
const local = hex`0d 0a 0d 0a 00 0d 0a "QUIT" 0a 20 00 00 00`;

/** Says to everybody who he is, and what he said. */
const mirror = definePlugin({
  name: 'mirror',
  api: 1,
  setup(context) {
    context.tcp('lobby').onConnection((connection) => {
      connection.onData((chunk) => connection.write(Buffer.from(`${connection.from} ${chunk}\n`)));
    });
    context.http((scope) => {
      scope.get('/who', {}, (request) => ({ who: request.ip }));
    });
  },
});

describe('endpoints with TLS and behind proxies', () => {
  let test: TestServer;
  const sockets: Socket[] = [];
  const folder = temporaryFolder();
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await test?.stop();
  });

  const start = async (options: { tls?: boolean; trusted?: readonly string[] }) => {
    const files = { cert: join(folder.path, 'cert.pem'), key: join(folder.path, 'key.pem') };
    copyFileSync(pem('localhost-cert'), files.cert);
    copyFileSync(pem('localhost-key'), files.key);
    const tls = options.tls === true ? { tls: files } : {};
    test = await startTestServer({
      plugins: { mirror: {} },
      atHand: { mirror },
      endpoints: {
        lobby: { tcp: '127.0.0.1:0', ...tls },
        http: { http: '127.0.0.1:0', ...tls },
      },
      config: { trustedProxies: options.trusted ?? [] },
    });
    return files;
  };
  const open = (endpoint: string) => {
    const socket = connect(test.address(endpoint).port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  /** TLS over a connection that may have said something before. */
  const secure = async (socket: Socket, ca = 'localhost-cert'): Promise<TLSSocket> => {
    const secured = connectTls({ socket, servername: 'localhost', ca: readFileSync(pem(ca)) });
    sockets.push(secured);
    secured.on('error', () => {});
    await once(secured, 'secureConnect');
    return secured;
  };
  const line = async (socket: Socket) => {
    const [chunk] = await once(socket, 'data');
    return String(chunk);
  };
  const get = 'GET /who HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';
  const body = async (socket: Socket) => {
    let text = '';
    for await (const chunk of socket) text += chunk;
    return text.slice(text.indexOf('\r\n\r\n') + 4);
  };

  for (const tls of [false, true]) {
    const with_ = tls ? 'with TLS' : 'without TLS';

    it(`know for whom a trusted proxy speaks, tcp ${with_}`, async () => {
      await start({ tls, trusted: ['127.0.0.0/8'] });
      const socket = open('lobby');
      socket.write(header);
      const stream = tls ? await secure(socket) : socket;
      stream.write('hi');
      expect(await line(stream)).equal('192.0.2.7:54321 hi\n');
    });

    it(`know for whom a trusted proxy speaks, http ${with_}`, async () => {
      await start({ tls, trusted: ['127.0.0.0/8'] });
      const socket = open('http');
      socket.write(header);
      const stream = tls ? await secure(socket) : socket;
      stream.write(get);
      expect(await body(stream)).equal('{"who":"192.0.2.7"}');
    });
  }

  it('lose no byte that came in one piece with the header, or in many', async () => {
    await start({ trusted: ['127.0.0.0/8'] });
    const whole = open('lobby');
    whole.write(hex`${header} "at once"`);
    expect(await line(whole)).equal('192.0.2.7:54321 at once\n');
    const pieces = open('lobby');
    pieces.setNoDelay(true);
    for (const byte of hex`${header} "x"`) {
      pieces.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await line(pieces)).equal('192.0.2.7:54321 x\n');
    const http = open('http');
    http.write(hex`${header} ${Buffer.from(get)}`);
    expect(await body(http)).equal('{"who":"192.0.2.7"}');
  });

  it('take a proxy that speaks for itself at its own address', async () => {
    await start({ trusted: ['127.0.0.0/8'] });
    const socket = open('lobby');
    socket.write(hex`${local} "check"`);
    expect(await line(socket)).match(/^127\.0\.0\.1:\d+ check\n$/);
  });

  it('of tcp end a trusted proxy that says nothing or nonsense, since anybody may be behind it', async () => {
    await start({ trusted: ['127.0.0.0/8'] });
    const socket = open('lobby');
    socket.write('hello');
    await once(socket, 'close');
    expect(test.server.endpoints.tcp.get('lobby')?.counters.refused).equal(1);
  });

  it('of http let a proxy speak plain HTTP, too', async () => {
    await start({ trusted: ['127.0.0.0/8'] });
    const socket = open('http');
    socket.write(get.replace('connection', 'x-forwarded-for: 198.51.100.9\r\nconnection'));
    expect(await body(socket)).equal('{"who":"198.51.100.9"}');
  });

  it('believe no header of anybody else', async () => {
    await start({ trusted: ['192.0.2.0/24'] });
    const socket = open('lobby');
    socket.write(header);
    expect(await line(socket)).match(/^127\.0\.0\.1:/);
  });

  it('count and filter by the address behind the proxy', async () => {
    await start({ trusted: ['127.0.0.0/8'] });
    await test.command('maintenance-on', { allow: '[192.0.2.0/24]' });
    const inside = open('lobby');
    inside.write(hex`${header} "in"`);
    expect(await line(inside)).equal('192.0.2.7:54321 in\n');
    await test.command('maintenance-on', { allow: '[127.0.0.1]' });
    await once(inside, 'close');
  });

  it('take new certificates on reload, while open connections go on', async () => {
    const files = await start({ tls: true });
    const before = await secure(open('lobby'));
    copyFileSync(pem('renewed-cert'), files.cert);
    copyFileSync(pem('renewed-key'), files.key);
    expect(await test.server.reload()).deep.equal([]);
    before.write('still');
    expect(await line(before)).match(/still/);
    for (const endpoint of ['lobby', 'http']) {
      const after = await secure(open(endpoint), 'renewed-cert');
      expect(after.getPeerCertificate().subject.O).equal('renewed');
    }
  });

  it('keep what they have when one of the new files is wrong', async () => {
    const files = await start({ tls: true });
    copyFileSync(pem('renewed-cert'), files.cert);
    const failed = await test.server.reload().catch((error) => error);
    expect(failed.code).equal('TLS_FILES');
    expect(failed.message).contain('the key is not that of the certificate');
    expect((await secure(open('lobby'))).authorized).equal(true);
  });

  it('say when certificates end, as a metric', async () => {
    await start({ tls: true });
    const text = await test.server.metrics.registry.getSingleMetricAsString(
      'beaconry_tls_expires_timestamp_seconds',
    );
    expect(text).match(/\{endpoint="lobby"\} \d{10}/);
  });
});
