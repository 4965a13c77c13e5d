import { once } from 'node:events';
import { connect } from 'node:net';
import { definePlugin } from 'beaconry';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';

/** A server that echoes on every kind of endpoint and is silent to the hosts in `refused`. */
class FilteredServer {
  readonly refused = new Set<string>();
  cut = () => {};
  test!: TestServer;

  async start(options: { readonly real: boolean; readonly trustedProxies?: readonly string[] }) {
    const echo = definePlugin({
      name: 'echo',
      api: 1,
      setup: (context) => {
        this.cut = context.refuseAddresses(({ host }, endpoint) =>
          this.refused.has(`${host} ${endpoint}`),
        );
        context.udp('game').onDatagram('', (datagram) => datagram.reply(datagram.bytes));
        context.tcp('lobby').onConnection((connection) => {
          connection.onData((chunk) => connection.write(chunk));
        });
        for (const endpoint of ['http', 'admin']) {
          context.http((scope) => void scope.get('/hello', () => ({ hello: 'world' })), {
            endpoint,
          });
        }
        context.http((scope) => {
          scope.get('/socket', { websocket: true }, (socket) => socket.send('open'));
        });
      },
    });
    this.test = await startTestServer({
      plugins: { echo: {} },
      atHand: { echo },
      real: options.real,
      config: { trustedProxies: options.trustedProxies ?? [] },
    });
    return this.test;
  }
}

describe('filtered addresses', () => {
  let filtered: FilteredServer;
  beforeEach(() => {
    filtered = new FilteredServer();
  });
  afterEach(() => filtered.test.stop());

  it('get no answer to a datagram and are sent none, and the drop is counted', async () => {
    const test = await filtered.start({ real: false });
    filtered.refused.add('192.0.2.1 game');
    expect(test.ask('game', Buffer.from('hi'), '192.0.2.1:1000')).deep.equal([]);
    expect(test.ask('game', Buffer.from('hi'), '192.0.2.2:1000')).have.lengthOf(1);
    const listener = test.server.endpoints.udp.get('game');
    expect(listener?.counters.refused).equal(1);
  });

  it('lose the connections they have, over TCP, HTTP and WebSocket', async () => {
    const test = await filtered.start({ real: true });
    const open = async (endpoint: string) => {
      const socket = connect(test.address(endpoint).port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    };
    const lobby = await open('lobby');
    lobby.write('hi');
    await once(lobby, 'data');
    const http = await open('http');
    http.write('GET /hello HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await once(http, 'data');
    const websocket = new WebSocket(`ws://${test.address('http')}/socket`);
    await once(websocket, 'message');
    const closed = [lobby, http, websocket].map((socket) => once(socket, 'close'));
    filtered.refused.add('127.0.0.1 lobby').add('127.0.0.1 http');
    filtered.cut();
    await Promise.all(closed);
    const again = await open('lobby');
    await once(again, 'close');
    expect(again.bytesRead).equal(0);
  });

  it('are refused behind a trusted proxy, whose connection lives on', async () => {
    const test = await filtered.start({ real: false, trustedProxies: ['127.0.0.0/8'] });
    filtered.refused.add('192.0.2.1 http');
    const ask = (address: string) =>
      test.request({ url: '/hello', headers: { 'x-forwarded-for': address } });
    expect((await ask('192.0.2.1')).statusCode).equal(403);
    expect((await ask('192.0.2.1')).json().error.code).equal('ADDRESS_REFUSED');
    expect((await ask('192.0.2.2')).statusCode).equal(200);
    expect((await ask('not an address')).statusCode).equal(200);
  });

  it('still reach the endpoint admin, so that nobody locks himself out', async () => {
    const test = await filtered.start({ real: false });
    filtered.refused.add('127.0.0.1 admin').add('127.0.0.1 http');
    expect((await test.request('/hello')).statusCode).equal(403);
    expect((await test.request('/hello', 'admin')).statusCode).equal(200);
  });
});

describe('context.audit', () => {
  it('writes down who did what, with the name of the plugin', async () => {
    let done: Promise<void> | undefined;
    const doer = definePlugin({
      name: 'doer',
      api: 1,
      setup(context) {
        done = context.audit({ by: 'somebody', source: 'plugin' }, { did: 'something' });
      },
    });
    const test = await startTestServer({
      plugins: { doer: {} },
      atHand: { doer },
      config: { management: { token: 'secret-token' } },
    });
    try {
      await done;
      const headers = { authorization: 'Bearer secret-token' };
      const answer = await test.request({ url: '/v1/admin/audit', headers }, 'admin');
      expect(answer.json().items[0]).include({ by: 'somebody', source: 'plugin' });
      expect(answer.json().items[0].action).deep.equal({ plugin: 'doer', did: 'something' });
    } finally {
      await test.stop();
    }
  });
});
