import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Connection, relayBytes } from 'beaconry';
import { MemoryConnection } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import { MetricsRegistry } from '../../../core/metrics.js';
import { TcpListener } from '../../../core/net/tcp-listener.js';

describe('relayBytes', () => {
  let listener: TcpListener;
  const accepted: Connection[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    listener = new TcpListener({
      name: 'relay',
      binds: [{ host: '127.0.0.1', port: 0 }],
      log: pino({ level: 'silent' }),
      metrics: new MetricsRegistry().prefixed('test'),
    });
    listener.take('test', (connection) => accepted.push(connection));
    await listener.bind();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    accepted.splice(0);
    await listener.close(100);
  });

  /** Two clients of the listener and what it accepted for them. */
  const pair = async () => {
    const port = listener.addresses[0]?.port ?? 0;
    const clients: Socket[] = [];
    for (let i = 0; i < 2; i++) {
      const socket = connect({ port, host: '127.0.0.1' });
      sockets.push(socket);
      clients.push(socket);
      await once(socket, 'connect');
      while (accepted.length <= i) await new Promise((resolve) => setImmediate(resolve));
    }
    const [one, other] = clients as [Socket, Socket];
    const [from, to] = accepted as [Connection, Connection];
    return { one, other, from, to };
  };

  it('carries every byte in order, both ways, while readers stop and go on', async () => {
    const { one, other, from, to } = await pair();
    // As in a handshake: something is written before the relay begins.
    from.write(Buffer.from('!'));
    to.write(Buffer.from('!'));
    relayBytes(from, to);
    relayBytes(to, from);
    const total = 6_000_000;
    const run = async (sender: Socket, receiver: Socket, seed: number) => {
      const [sent, received] = [createHash('sha1'), createHash('sha1')];
      let got = 0;
      const done = new Promise<void>((resolve) => {
        receiver.on('data', (chunk: Buffer) => {
          received.update(got === 0 ? chunk.subarray(1) : chunk);
          got += chunk.length;
          if (got === total + 1) resolve();
          if (got % 7 === 0) {
            receiver.pause();
            setImmediate(() => receiver.resume());
          }
        });
      });
      for (let left = total, i = seed; left > 0; i++) {
        const chunk = Buffer.alloc(Math.min(left, 1 + ((i * 7919) % 200_000)), i);
        sent.update(chunk);
        left -= chunk.length;
        if (!sender.write(chunk)) await once(sender, 'drain');
      }
      await done;
      expect(received.digest('hex')).to.equal(sent.digest('hex'));
    };
    await Promise.all([run(one, other, 1), run(other, one, 50)]);
  });

  it('stops reading when the other side does not read, and counts what is pending', async () => {
    const { one, other, from, to } = await pair();
    other.pause();
    relayBytes(from, to);
    let taken = 0;
    const chunk = Buffer.alloc(100_000);
    const begin = performance.now();
    while (taken < 100_000_000 && performance.now() - begin < 3000) {
      if (!one.write(chunk)) {
        const drained = once(one, 'drain').then(() => true);
        const patience = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 200));
        if (!(await Promise.race([drained, patience]))) break;
      }
      taken += chunk.length;
    }
    expect(taken).to.be.below(50_000_000);
    expect(to.pending).to.be.within(1, 64 * 1024);
    other.resume();
    await once(one, 'drain');
  });

  it('leaves end and close to the caller', async () => {
    const { one, other, from, to } = await pair();
    relayBytes(from, to);
    from.onEnd(() => to.end());
    other.resume();
    one.end('last');
    const [chunk] = (await once(other, 'data')) as [Buffer];
    expect(chunk.toString()).to.equal('last');
    await once(other, 'end');
  });

  it('works between connections that are no sockets', () => {
    const [from, to] = [new MemoryConnection(), new MemoryConnection()];
    relayBytes(from, to);
    to.stalled = true;
    for (let i = 0; i < 100; i++) from.send(Buffer.alloc(1000, i));
    expect(to.pending).to.be.below(18_000);
    to.unstall();
    expect(to.received()).to.have.length(100_000);
  });
});
