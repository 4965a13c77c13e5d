import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { ServerProcess } from './server-process.js';
import { openEnd, openPipe, startGame } from './start-games.js';

const PIPES = 50;
const BYTES = 10_000_000;
const CHUNK = 100_000;

/** Bytes that differ from pipe to pipe and from place to place. */
const pattern = (seed: number): Buffer => {
  const bytes = Buffer.alloc(CHUNK);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < CHUNK; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes.writeInt32LE(state, i);
  }
  return bytes;
};

/** Sends everything, as fast as the socket takes it. */
async function sendAll(socket: Socket, chunk: Buffer): Promise<void> {
  for (let sent = 0; sent < BYTES; sent += CHUNK) {
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve));
  }
}

/** Digest of the next BYTES bytes. */
const receiveAll = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    const hash = createHash('sha1');
    let got = 0;
    socket.on('data', (chunk: Buffer) => {
      got += chunk.length;
      hash.update(chunk);
      if (got >= BYTES) resolve(`${got} ${hash.digest('hex')}`);
    });
    socket.once('close', () => reject(new Error(`closed after ${got} bytes`)));
    socket.resume();
  });

const digestOf = (chunk: Buffer): string => {
  const hash = createHash('sha1');
  for (let i = 0; i < BYTES / CHUNK; i++) hash.update(chunk);
  return `${BYTES} ${hash.digest('hex')}`;
};

describe('vcmi-lobby: many pipes', () => {
  let server: ServerProcess;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    server = await ServerProcess.start({ 'vcmi-lobby': { perAddressLimit: 0 } });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.stop();
  });

  it('carry 10 MB each way whole, while readers who stall delay nobody and cost little memory', async () => {
    const port = server.port('lobby');
    const idle = server.residentMiB ?? 0;
    const pipes: [Socket, Socket][] = [];
    for (let i = 0; i < PIPES; i++) pipes.push(await openPipe(port, await startGame(port, i)));
    const stalled = await openPipe(port, await startGame(port, PIPES));
    sockets.push(...pipes.flat(), ...stalled);

    // Nobody reads the other end of this one.
    let taken = 0;
    const pump = () => {
      while (taken < 100_000_000 && stalled[0].write(pattern(99))) taken += CHUNK;
    };
    stalled[0].on('drain', pump);
    pump();

    const begin = performance.now();
    await Promise.all(
      pipes.map(async ([one, other], i) => {
        const [there, back] = [pattern(i * 2 + 1), pattern(i * 2 + 2)];
        const [, , fromOne, fromOther] = await Promise.all([
          sendAll(one, there),
          sendAll(other, back),
          receiveAll(other),
          receiveAll(one),
        ]);
        expect(fromOne).to.equal(digestOf(there));
        expect(fromOther).to.equal(digestOf(back));
      }),
    );
    const seconds = (performance.now() - begin) / 1000;
    const grown = (server.residentMiB ?? 0) - idle;
    console.log(
      `      ${((PIPES * BYTES * 2) / 1e6 / seconds).toFixed(0)} MB/s, memory +${grown.toFixed(0)} MiB, ` +
        `the stalled pipe took ${(taken / 1e6).toFixed(1)} MB`,
    );
    expect(taken, 'back-pressure reached the sender').to.be.below(50_000_000);
    if (server.residentMiB !== undefined) expect(grown).to.be.below(128);
  }).timeout(120_000);

  it('leave no connection behind when either end is killed at any byte', async () => {
    const port = server.port('lobby');
    const pair = await startGame(port, 0);
    const before = server.sockets;
    for (let i = 0; i < 60; i++) {
      const [host, guest] = await openPipe(port, pair);
      const [killed, other] = i % 2 === 0 ? [host, guest] : [guest, host];
      const gone = new Promise((resolve) => other.once('close', resolve));
      other.resume();
      other.write(Buffer.alloc(i * 1000));
      killed.write(Buffer.alloc(i * 777), () => {
        if (i % 3 === 0) killed.resetAndDestroy();
        else killed.destroy();
      });
      await gone;
    }
    const halfOpen = await Promise.allSettled([openEnd(port, 'client', pair.hostUuid)]);
    expect(halfOpen[0]?.status).to.equal('rejected');
    let left = -1;
    for (let i = 0; i < 50 && left !== 0; i++) {
      await sleep(50);
      left = (server.sockets ?? 0) - (before ?? 0);
    }
    expect(left).to.be.at.most(0);
  }).timeout(60_000);
});
