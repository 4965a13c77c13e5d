import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { WebWorld } from './web-world.js';

const COUNT = 10_000;

describe('the web API at scale', function () {
  this.timeout(120_000);
  let world: WebWorld;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    world = await WebWorld.start();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await world.stop();
  });

  /** Opens them in groups and says something unfinished on each. */
  const openAll = async (count: number, text: (index: number) => string) => {
    const ends = { closed: 0, status: new Map<string, number>() };
    const { port } = world.server.address('http');
    for (let from = 0; from < count; from += 250) {
      await Promise.all(
        Array.from({ length: Math.min(250, count - from) }, async (_, index) => {
          const socket = connect(port, '127.0.0.1');
          sockets.push(socket);
          socket.on('error', () => {});
          socket.on('data', (data) => {
            const status = data.toString('latin1').slice(9, 12);
            ends.status.set(status, (ends.status.get(status) ?? 0) + 1);
          });
          socket.once('close', () => ends.closed++);
          await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
          socket.write(text(from + index));
        }),
      );
    }
    return ends;
  };

  it('outlives 10,000 half-open requests: it answers meanwhile, and cuts them off with 408', async () => {
    const bearer = await world.gameServer({ on: false });
    const { closed, ...rest } = await openAll(
      COUNT,
      () => 'POST /v1/gameservers HTTP/1.1\r\nhost:',
    );
    expect(closed).lessThan(COUNT);
    // This client has a connection already; others beyond the limit of the endpoint wait their turn.
    expect((await world.call('GET', '/v1/gameservers/self', { bearer })).status).equal(200);
    const ends = { closed, ...rest };
    const deadline = performance.now() + 40_000;
    while (sockets.some((socket) => !socket.destroyed) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(sockets.filter((socket) => !socket.destroyed)).have.length(0);
    expect(ends.status.get('408')).greaterThan(8000);
    expect((await world.call('GET', '/v1/gameservers/self', { bearer })).status).equal(200);
  });

  it('cuts off slow bodies with 408, and sockets that never say hello', async () => {
    const bodies = await openAll(
      500,
      () =>
        'POST /v1/logon HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    );
    const silent = await openAll(
      500,
      () =>
        'GET /v1/ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
        'sec-websocket-protocol: beaconry.v1\r\n\r\n',
    );
    const deadline = performance.now() + 60_000;
    while (sockets.some((socket) => !socket.destroyed) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(bodies.status.get('408')).equal(500);
    expect(silent.status.get('101')).equal(500);
    expect(silent.closed).equal(500);
  });
});
