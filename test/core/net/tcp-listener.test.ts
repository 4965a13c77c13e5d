import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Connection } from 'beaconry';
import { expect } from 'chai';
import pino from 'pino';
import { MetricsRegistry } from '../../../core/metrics.js';
import { TcpListener } from '../../../core/net/tcp-listener.js';

describe('TcpListener', () => {
  const sockets: Socket[] = [];
  let listener: TcpListener | undefined;
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await listener?.close(100);
  });

  const listen = async (maxConnections: number, handler: (connection: Connection) => void) => {
    listener = new TcpListener({
      name: 'test',
      binds: [{ host: '127.0.0.1', port: 0 }],
      log: pino({ level: 'silent' }),
      metrics: new MetricsRegistry().prefixed('test'),
      maxConnections,
    });
    listener.take('test', handler);
    await listener.bind();
    return listener;
  };
  const open = (to: TcpListener): Socket => {
    const socket = connect({ port: to.addresses[0]?.port ?? 0, host: '127.0.0.1' });
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };

  it('takes every connection of a storm, a few in each turn of the event loop', async () => {
    let turn = 0;
    let isOver = false;
    const nextTurn = () => {
      turn++;
      if (!isOver) setImmediate(nextTurn);
    };
    nextTurn();
    const inTurn = new Map<number, number>();
    const found = await listen(1000, (connection) => {
      inTurn.set(turn, (inTurn.get(turn) ?? 0) + 1);
      connection.onData((bytes) => connection.write(bytes));
    });
    const answers = Array.from({ length: 200 }, async (_, i) => {
      const socket = open(found);
      socket.write(`${i}`);
      const [bytes] = (await once(socket, 'data')) as [Buffer];
      return Number(bytes.toString());
    });
    expect(await Promise.all(answers)).to.deep.equal(Array.from({ length: 200 }, (_, i) => i));
    isOver = true;
    expect(Math.max(...inTurn.values())).to.be.at.most(32);
    expect([found.open, found.counters.accepted]).to.deep.equal([200, 200]);
  });

  it('refuses what is over the limit and takes others when there is room again', async () => {
    const found = await listen(2, (connection) => connection.onData(() => {}));
    const [one, two, three] = [open(found), open(found), open(found)];
    await once(three, 'close');
    expect([found.open, found.counters.refused]).to.deep.equal([2, 1]);
    one.destroy();
    while (found.open > 1) await new Promise((resolve) => setImmediate(resolve));
    const four = open(found);
    await once(four, 'connect');
    while (found.open < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(two.destroyed).to.equal(false);
  });
});
