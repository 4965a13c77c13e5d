import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Connection } from 'beaconry';
import { MemoryConnection } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import { MetricsRegistry } from '../../../core/metrics.js';
import { TcpListener } from '../../../core/net/tcp-listener.js';

describe('data that is only lent', () => {
  let listener: TcpListener;
  const accepted: Connection[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    listener = new TcpListener({
      name: 'lent',
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

  const open = async (): Promise<[Socket, Connection]> => {
    const socket = connect({ port: listener.addresses[0]?.port ?? 0, host: '127.0.0.1' });
    sockets.push(socket);
    const count = accepted.length;
    await once(socket, 'connect');
    while (accepted.length === count) await new Promise((resolve) => setImmediate(resolve));
    return [socket, accepted[count] as Connection];
  };

  it('arrives whole although its memory is read into again while the write is still under way', async () => {
    const TOTAL = 12_000_000;
    const [[sender, from], [receiver, to]] = [await open(), await open()];
    to.onData(() => {});
    // As everywhere: something has been written before.
    to.write(Buffer.from('!'));
    receiver.pause();
    let waited = 0;
    from.onLentData((chunk) => {
      const middle = chunk.length >> 1;
      const parts = middle > 0 ? [chunk.subarray(0, middle), chunk.subarray(middle)] : [chunk];
      // The sender is read on, whatever the receiver does.
      if (!to.writeLent(parts) && waited++ === 20) receiver.resume();
    });
    const [sent, received] = [createHash('sha1'), createHash('sha1')];
    let got = -1;
    const done = new Promise<void>((resolve) => {
      receiver.on('data', (chunk: Buffer) => {
        received.update(got < 0 ? chunk.subarray(1) : chunk);
        got += chunk.length;
        if (got === TOTAL) resolve();
      });
      receiver.pause();
    });
    for (let left = TOTAL, i = 0; left > 0; i++) {
      const chunk = Buffer.alloc(Math.min(left, 1 + ((i * 7919) % 200_000)), i);
      sent.update(chunk);
      left -= chunk.length;
      if (!sender.write(chunk)) await once(sender, 'drain');
    }
    await done;
    expect(waited, 'writes that had to wait').to.be.above(20);
    expect(received.digest('hex')).to.equal(sent.digest('hex'));
  });

  it('goes nowhere else when its receiver is cut off in the middle of a write', async () => {
    const [[sender, from], [deaf, to], [reader, other]] = [
      await open(),
      await open(),
      await open(),
    ];
    deaf.pause();
    for (const connection of [to, other]) {
      connection.onData(() => {});
      connection.write(Buffer.from('!'));
    }
    let isForDeaf = true;
    from.onLentData((chunk) => (isForDeaf ? to : other).writeLent([chunk]));
    for (let i = 0; i < 100 && to.pending === 0; i++) {
      sender.write(Buffer.alloc(1_000_000, 'a'));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(to.pending).to.be.above(0);
    while (sender.writableLength > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    isForDeaf = false;
    const heard: Buffer[] = [];
    reader.on('data', (chunk: Buffer) => heard.push(chunk));
    to.destroy();
    sender.write(Buffer.alloc(500_000, 'b'));
    const bytes = () => Buffer.concat(heard);
    while (bytes().filter((byte) => byte === 98).length < 500_000) await once(reader, 'data');
    expect(bytes().subarray(-500_000).equals(Buffer.alloc(500_000, 'b'))).to.equal(true);
  });

  it('is overwritten in memory connections, so that a test sees who keeps it', () => {
    const connection = new MemoryConnection();
    const kept: Buffer[] = [];
    connection.onLentData((chunk) => kept.push(chunk));
    connection.send('abc');
    expect(kept[0]?.toString('hex')).to.equal('dbdbdb');
  });
});
