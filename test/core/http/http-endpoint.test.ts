import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import sinon from 'sinon';
import { Type } from 'typebox';
import { WebSocket } from 'ws';
import { ServerError } from '../../../core/errors.js';
import { HttpEndpoint, type HttpEndpointOptions } from '../../../core/http/http-endpoint.js';
import { HttpError } from '../../../core/http/http-error.js';
import type { Routes } from '../../../core/http/routes.js';
import { refused } from '../store/conformance.js';
import { silentLog } from '../store/silent-log.js';

describe('HttpEndpoint', () => {
  const endpoints: HttpEndpoint[] = [];
  const make = (options: Partial<HttpEndpointOptions> = {}): HttpEndpoint => {
    const endpoint = new HttpEndpoint({
      name: 'http',
      binds: [{ host: '127.0.0.1', port: 0 }],
      log: silentLog,
      trustedProxies: [],
      hosts: ['play.example.org'],
      origins: ['https://friends.example'],
      ...options,
    });
    endpoints.push(endpoint);
    return endpoint;
  };
  const built = async (routes: Routes, options: Partial<HttpEndpointOptions> = {}) => {
    const endpoint = make(options);
    endpoint.add('test', routes, '');
    await endpoint.build();
    return endpoint;
  };
  const listening = async (routes: Routes, options: Partial<HttpEndpointOptions> = {}) => {
    const endpoint = await built(routes, options);
    await endpoint.listen();
    return { endpoint, at: String(endpoint.addresses[0]), port: endpoint.addresses[0]?.port ?? 0 };
  };
  const hello: Routes = (scope) => {
    scope.get('/hello', () => ({ hello: 'world' }));
  };
  /** Everything the server says on this connection until it closes it. */
  const conversation = async (socket: Socket): Promise<string> => {
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    await once(socket, 'close');
    return text;
  };

  afterEach(async () => {
    await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close(0)));
  });

  describe('sockets', () => {
    it('answers on every address it was given', async () => {
      const local = { host: '127.0.0.1', port: 0 };
      const { endpoint } = await listening(hello, { binds: [local, local] });
      expect(endpoint.addresses).to.have.length(2);
      for (const address of endpoint.addresses) {
        const answer = await fetch(`http://${address}/hello`);
        expect(await answer.json()).to.deep.equal({ hello: 'world' });
      }
    });

    it('speaks TLS with the files it was given, and names one that it cannot read', async () => {
      const pem = (name: string) =>
        fileURLToPath(new URL(`../../../../fixtures/keys/${name}.pem`, import.meta.url));
      const tls = { cert: pem('localhost-cert'), key: pem('localhost-key') };
      const { port } = await listening(hello, { tls });
      const ca = readFileSync(tls.cert);
      const asked = tlsRequest({ host: 'localhost', port, path: '/hello', ca, family: 4 });
      asked.end();
      const [answer] = await once(asked, 'response');
      expect(answer.statusCode).to.equal(200);
      answer.resume();
      const other = await built(hello, { tls: { ...tls, key: pem('nowhere') } });
      expect((await refused('TLS_FILES', other.listen())).message).to.include('nowhere.pem');
    });

    it('names endpoint and address when it cannot listen, and lets go of the others', async () => {
      const { port } = await listening(hello);
      const second = await built(hello, {
        name: 'second',
        binds: [
          { host: '127.0.0.1', port: 0 },
          { host: '127.0.0.1', port },
        ],
      });
      const error = await refused('HTTP_BIND', second.listen());
      expect(error.message).to.include('second').and.include(`127.0.0.1:${port}`);
      expect(second.addresses).to.deep.equal([]);
    });

    it('cuts off a caller whose headers do not end in time', async () => {
      const { port } = await listening(hello, {
        limits: { headersTimeout: 50, requestTimeout: 60 },
      });
      const socket = connect(port, '127.0.0.1');
      socket.write('GET /hello HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
      expect(await conversation(socket)).to.match(/^HTTP\/1.1 408 /);
    });

    it('cuts off a caller whose body does not end in time', async () => {
      const { port } = await listening(
        (scope) => {
          scope.post('/body', () => 'done');
        },
        { limits: { headersTimeout: 50, requestTimeout: 100 } },
      );
      const socket = connect(port, '127.0.0.1');
      socket.write(
        'POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
      );
      expect(await conversation(socket)).to.not.include('200 OK');
    });

    it('answers broken syntax and oversized headers in the shape of errors', async () => {
      const { port } = await listening(hello);
      const ask = (text: string) => {
        const socket = connect(port, '127.0.0.1');
        socket.write(text);
        return conversation(socket);
      };
      expect(await ask('what is this\r\n\r\n')).to.match(
        /^HTTP\/1.1 400 [\s\S]*"code":"BAD_REQUEST"/,
      );
      const large = `GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`;
      expect(await ask(large)).to.match(/^HTTP\/1.1 431 [\s\S]*"code":"HEADERS_TOO_LARGE"/);
    });

    it('cuts off a caller who does not read his answer', async () => {
      const closed = sinon.promise<undefined>();
      const { port } = await listening(
        (scope) => {
          scope.get('/large', (_request, reply) => {
            reply.raw.once('close', () => void closed.resolve(undefined));
            return 'x'.repeat(32 * 1024 * 1024);
          });
        },
        { limits: { idleTimeout: 100 } },
      );
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.pause();
      socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await closed;
      const received = conversation(socket);
      socket.resume();
      expect((await received).length).to.be.below(32 * 1024 * 1024);
    });

    it('takes no more connections than its bound', async () => {
      const { port } = await listening(hello, { limits: { connections: 2 } });
      const sockets = [0, 1].map(() => connect(port, '127.0.0.1'));
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      const third = connect(port, '127.0.0.1');
      expect(await conversation(third)).to.equal('');
      for (const socket of sockets) socket.destroy();
    });
  });

  describe('closing', () => {
    it('lets a request under way finish and takes no new ones', async () => {
      const gate = sinon.promise<string>();
      const arrived = sinon.promise<undefined>();
      const { endpoint, at } = await listening((scope) => {
        scope.get('/slow', async () => {
          await arrived.resolve(undefined);
          return gate;
        });
      });
      const answer = fetch(`http://${at}/slow`);
      await arrived;
      const closed = endpoint.close(5000);
      await fetch(`http://${at}/slow`).then(
        () => expect.fail('took a new connection'),
        () => {},
      );
      await gate.resolve('finished');
      expect(await (await answer).text()).to.equal('finished');
      await closed;
    });

    it('cuts what has not finished when the grace is over', async () => {
      const arrived = sinon.promise<undefined>();
      const { endpoint, at } = await listening((scope) => {
        scope.get('/never', () => {
          void arrived.resolve(undefined);
          return new Promise(() => {});
        });
      });
      const answer = fetch(`http://${at}/never`).catch((error: Error) => error);
      await arrived;
      await endpoint.close(20);
      expect(await answer).to.be.an.instanceOf(Error);
    });

    it('does not wait for event streams', async () => {
      const { endpoint, at } = await listening((scope) => {
        scope.get('/events', (_request, reply) => {
          reply.hijack();
          reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
          reply.raw.write('data: 1\n\n');
        });
      });
      const answer = await fetch(`http://${at}/events`);
      const text = answer.text().catch((error: Error) => error);
      await endpoint.close(60_000);
      expect(await text).to.be.an.instanceOf(Error);
    });

    it('says goodbye to WebSockets', async () => {
      const { endpoint, at } = await listening((scope) => {
        scope.get('/ws', { websocket: true }, () => {});
      });
      const socket = new WebSocket(`ws://${at}/ws`);
      await once(socket, 'open');
      const closed = once(socket, 'close');
      await endpoint.close(60_000);
      expect((await closed)[0]).to.equal(1001);
    });
  });

  describe('errors', () => {
    const failing: Routes = (scope) => {
      scope.get('/known', () => {
        throw new HttpError(429, 'TOO_MANY', 'wait', { seconds: 3 }, { 'retry-after': '3' });
      });
      scope.get('/status', () => {
        throw Object.assign(new ServerError('GONE', 'it is gone'), { statusCode: 410 });
      });
      scope.get('/unexpected', () => {
        throw new ServerError('STORE_FAILED', 'the secret file /etc/beaconry failed');
      });
      scope.post('/body', (request) => request.body);
    };

    it('have one shape, with the status and headers that the thrower chose', async () => {
      const endpoint = await built(failing);
      const answer = await endpoint.inject({ url: '/known' });
      expect(answer.statusCode).to.equal(429);
      expect(answer.headers['retry-after']).to.equal('3');
      expect(answer.json()).to.deep.equal({
        error: { code: 'TOO_MANY', message: 'wait', details: { seconds: 3 } },
      });
      const gone = await endpoint.inject({ url: '/status' });
      expect(gone.statusCode).to.equal(410);
      expect(gone.json()).to.have.nested.property('error.code', 'GONE');
    });

    it('of the server itself are logged and tell the caller nothing', async () => {
      const error = sinon.spy();
      const endpoint = await built(failing, { log: { ...silentLog, error } });
      const answer = await endpoint.inject({
        url: '/unexpected?key=secret1&x=1',
        headers: { authorization: 'Bearer secret2' },
      });
      expect(answer.statusCode).to.equal(500);
      expect(answer.json()).to.have.nested.property('error.code', 'INTERNAL');
      expect(answer.body).not.to.include('secret');
      expect(error.callCount).to.equal(1);
      expect(error.args[0]?.[0]).to.have.nested.property('err.code', 'STORE_FAILED');
      expect(JSON.stringify(error.args)).not.to.match(/secret[12]/);
    });

    it('have that shape for what does not exist', async () => {
      const answer = await (await built(failing)).inject({ url: '/nowhere?key=1' });
      expect(answer.statusCode).to.equal(404);
      expect(answer.json()).to.deep.equal({
        error: { code: 'NOT_FOUND', message: 'there is no GET /nowhere here', details: {} },
      });
    });

    it('have that shape for bodies that are too large, no JSON or of another type', async () => {
      const endpoint = await built(failing);
      const post = async (payload: string, type = 'application/json') => {
        const headers = { 'content-type': type };
        const answer = await endpoint.inject({ method: 'POST', url: '/body', payload, headers });
        return [answer.statusCode, answer.json().error.code];
      };
      expect(await post(`"${'x'.repeat(1024 * 1024)}"`)).to.deep.equal([413, 'BODY_TOO_LARGE']);
      expect(await post('{')).to.deep.equal([400, 'INVALID_JSON']);
      expect(await post('', 'application/json')).to.deep.equal([400, 'INVALID_JSON']);
      expect(await post('x', 'text/x')).to.deep.equal([415, 'UNSUPPORTED_MEDIA_TYPE']);
      const bad = await endpoint.inject({ url: '/%' });
      expect([bad.statusCode, bad.json().error.code]).to.deep.equal([400, 'BAD_REQUEST']);
    });
  });

  describe('validation', () => {
    const body = Type.Object({
      port: Type.Integer(),
      list: Type.Optional(Type.Array(Type.Object({ name: Type.String() }))),
    });
    const querystring = Type.Object({
      limit: Type.Optional(Type.Integer()),
      all: Type.Optional(Type.Boolean()),
      tag: Type.Optional(Type.Array(Type.String())),
      name: Type.Optional(Type.String()),
    });
    const checked: Routes = (scope) => {
      scope.post('/body', { schema: { body } }, (request) => request.body);
      scope.get('/query', { schema: { querystring } }, (request) => request.query);
    };
    let endpoint: HttpEndpoint;
    beforeEach(async () => {
      endpoint = await built(checked);
    });
    const post = (payload: object) => endpoint.inject({ method: 'POST', url: '/body', payload });

    it('takes a body as it is', async () => {
      const answer = await post({ port: 5, list: [{ name: 'a' }] });
      expect(answer.json()).to.deep.equal({ port: 5, list: [{ name: 'a' }] });
    });

    it('turns no text of a body into a number', async () => {
      const answer = await post({ port: '5' });
      expect(answer.statusCode).to.equal(400);
      const { error } = answer.json();
      expect(error.code).to.equal('INVALID_REQUEST');
      expect(error.details.problems[0].path).to.equal('body/port');
    });

    it('refuses unknown fields at every depth by name', async () => {
      for (const payload of [
        { port: 5, prot: 6 },
        { port: 5, list: [{ name: 'a', prot: 1 }] },
      ]) {
        const answer = await post(payload);
        expect(answer.statusCode).to.equal(400);
        expect(answer.json().error.message).to.include('prot');
      }
    });

    it('reads numbers, booleans and lists from the text of a query, and nothing else', async () => {
      const ask = async (query: string) =>
        (await endpoint.inject({ url: `/query?${query}` })).json();
      expect(await ask('limit=5&all=true&tag=a&name=7')).to.deep.equal({
        limit: 5,
        all: true,
        tag: ['a'],
        name: '7',
      });
      for (const wrong of ['limit=', 'limit=5x', 'limit=1.5', 'limit=0x5', 'all=1', 'further=1']) {
        expect((await ask(wrong)).error?.code, wrong).to.equal('INVALID_REQUEST');
      }
    });
  });

  describe('Host and Origin', () => {
    const ask = async (endpoint: HttpEndpoint, headers: Record<string, string>) =>
      endpoint.inject({ url: '/hello', headers });

    it('answers for configured names, IP literals and localhost only', async () => {
      const endpoint = await built(hello);
      for (const host of [
        'play.example.org',
        'PLAY.example.org:8080',
        'play.example.org.',
        'localhost:1',
        '127.0.0.1:80',
        '[::1]:80',
        '203.0.113.9',
      ]) {
        expect((await ask(endpoint, { host })).statusCode, host).to.equal(200);
      }
      for (const host of [
        'evil.example',
        'localhost.evil.example',
        '[::1',
        '1.2.3',
        'a@localhost',
      ]) {
        const answer = await ask(endpoint, { host });
        expect(answer.statusCode, host).to.equal(421);
        expect(answer.json().error.code).to.equal('HOST_REFUSED');
      }
    });

    it('lets its own pages and configured origins call, nobody else', async () => {
      const endpoint = await built(hello);
      const from = async (origin: string) =>
        (await ask(endpoint, { host: 'localhost:8080', origin })).statusCode;
      expect(await from('http://localhost:8080')).to.equal(200);
      expect(await from('https://friends.example')).to.equal(200);
      for (const origin of ['null', 'http://localhost:9', 'https://evil.example', 'file://']) {
        expect(await from(origin), origin).to.equal(403);
      }
    });

    it('refuses a WebSocket of a foreign page, and one to a foreign host', async () => {
      const { at } = await listening((scope) => {
        scope.get('/ws', { websocket: true }, (socket) => socket.close(1000));
      });
      const open = async (headers: Record<string, string>) => {
        const socket = new WebSocket(`ws://${at}/ws`, { headers });
        const [answer] = await Promise.race([
          once(socket, 'open').then(() => [{ statusCode: 101 }]),
          once(socket, 'unexpected-response').then(([, response]) => [response]),
        ]);
        socket.on('error', () => {});
        socket.terminate();
        return answer.statusCode;
      };
      expect(await open({})).to.equal(101);
      expect(await open({ origin: `http://${at}` })).to.equal(101);
      expect(await open({ origin: 'https://friends.example' })).to.equal(101);
      expect(await open({ origin: 'https://evil.example' })).to.equal(403);
      expect(await open({ host: 'evil.example' })).to.equal(421);
    });

    it('answers the preflight of configured origins', async () => {
      const endpoint = await built(hello);
      const preflight = (origin: string) =>
        endpoint.inject({
          method: 'OPTIONS',
          url: '/hello',
          headers: { host: 'localhost', origin, 'access-control-request-method': 'POST' },
        });
      const answer = await preflight('https://friends.example');
      expect(answer.statusCode).to.equal(204);
      expect(answer.headers['access-control-allow-origin']).to.equal('https://friends.example');
      expect(answer.headers.vary).to.include('Origin');
      expect((await preflight('https://evil.example')).statusCode).to.equal(403);
    });
  });

  describe('answers', () => {
    it('carry headers that keep browsers careful', async () => {
      const { headers } = await (await built(hello)).inject({ url: '/hello' });
      expect(headers['x-content-type-options']).to.equal('nosniff');
      expect(headers['referrer-policy']).to.equal('no-referrer');
      expect(headers['content-security-policy']).to.include("default-src 'none'");
    });

    it('to reads carry an ETag, and 304 follows when the caller has the content', async () => {
      const endpoint = await built(hello);
      const first = await endpoint.inject({ url: '/hello' });
      const tag = first.headers.etag as string;
      expect(tag).to.match(/^"[\w-]{22}"$/);
      const again = await endpoint.inject({
        url: '/hello',
        headers: { 'if-none-match': `"other", W/${tag}` },
      });
      expect([again.statusCode, again.body]).to.deep.equal([304, '']);
      const other = await endpoint.inject({
        url: '/hello',
        headers: { 'if-none-match': '"other"' },
      });
      expect(other.statusCode).to.equal(200);
    });

    it('take the address of a caller from a trusted proxy alone', async () => {
      const echo: Routes = (scope) => {
        scope.get('/ip', (request) => request.ip);
      };
      const ask = async (endpoint: HttpEndpoint) =>
        (await endpoint.inject({ url: '/ip', headers: { 'x-forwarded-for': '203.0.113.9' } })).body;
      expect(await ask(await built(echo))).to.equal('127.0.0.1');
      expect(await ask(await built(echo, { trustedProxies: ['127.0.0.0/8'] }))).to.equal(
        '203.0.113.9',
      );
    });
  });

  describe('WebSockets', () => {
    it('are cut off at a message above 64 KiB, which is no error of ours', async () => {
      const error = sinon.spy();
      const { at } = await listening(
        (scope) => {
          scope.get('/ws', { websocket: true }, (socket) => {
            socket.on('message', (data: Buffer) => socket.send(data.length));
          });
        },
        { log: { ...silentLog, error } },
      );
      const socket = new WebSocket(`ws://${at}/ws`);
      await once(socket, 'open');
      socket.send(Buffer.alloc(64 * 1024));
      expect(String((await once(socket, 'message'))[0])).to.equal('65536');
      socket.send(Buffer.alloc(64 * 1024 + 1));
      await once(socket, 'close');
      expect(error.callCount).to.equal(0);
    });

    it('are the only upgrade there is', async () => {
      const { port } = await listening(hello);
      const asked = httpRequest({
        host: '127.0.0.1',
        port,
        path: '/hello',
        headers: { connection: 'upgrade', upgrade: 'h2c' },
      });
      asked.end();
      const [answer] = await once(asked, 'response');
      expect(answer.statusCode).to.equal(400);
      answer.resume();
    });
  });

  describe('routes', () => {
    it('are described under the name of their plugin', async () => {
      const endpoint = make({ title: 'beaconry', version: '1.2.3' });
      endpoint.add('lobby', hello, '/v1');
      await endpoint.build();
      expect(endpoint.openapi()).to.have.nested.property('info.version', '1.2.3');
      expect(endpoint.openapi())
        .to.have.property('paths')
        .with.property('/v1/hello')
        .that.nested.property('get.tags[0]', 'lobby');
    });

    it('that two plugins declare are refused with both names', async () => {
      const endpoint = make();
      endpoint.add('one', hello, '');
      endpoint.add('two', hello, '');
      const error = await refused('ROUTE_TWICE', endpoint.build());
      expect(error.message).to.include('one').and.include('two').and.include('/hello');
    });

    it('that are wrong name their plugin', async () => {
      const endpoint = make();
      endpoint.add(
        'broken',
        () => {
          throw new Error('no such thing');
        },
        '',
      );
      const error = await refused('HTTP_ROUTES', endpoint.build());
      expect(error.message).to.include('broken').and.include('no such thing');
    });

    it('of a plugin that was undone before building are not there, and none can be added after', async () => {
      const endpoint = make();
      endpoint.add('gone', hello, '')();
      await endpoint.build();
      expect((await endpoint.inject({ url: '/hello' })).statusCode).to.equal(404);
      expect(() => endpoint.add('late', hello, ''))
        .to.throw()
        .with.property('code', 'HTTP_BUILT');
    });
  });
});
