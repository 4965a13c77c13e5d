/**
 * The game pipe of the VCMI lobby beside a bare loopback connection, the plainest forwarder of `node:net` and one in C
 * over epoll, all in this run:
 * MB/s and 64-byte round trips, and both per CPU-second of the forwarding process, which is what counts.
 * Rounds alternate between the carriers; the middle one of each figure is printed.
 * Run: `npm run bench -- vcmi-pipe [--quick]`.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerProcess } from '../test/plugins/vcmi-lobby/server-process.js';
import { openPipe, startGame } from '../test/plugins/vcmi-lobby/start-games.js';
import { type Carrier, loopback, withReferences } from './carriers.js';
import { processTime } from './process-time.js';

const QUICK = process.argv.includes('--quick');
const ROUNDS = QUICK ? 3 : 7;
const SECONDS = QUICK ? 0.5 : 1;

interface Figure {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

async function vcmiPipe(): Promise<Carrier> {
  const server = await ServerProcess.start({ 'vcmi-lobby': { perAddressLimit: 0 } });
  const port = server.port('lobby');
  let games = 0;
  return {
    name: 'vcmi pipe',
    pid: server.pid,
    pair: async () => openPipe(port, await startGame(port, games++)),
    close: () => server.stop(),
  };
}

/** Begins to use the pairs; the returned function counts what was done so far. */
type Load = (pairs: readonly [Socket, Socket][]) => () => number;

const roundTrips: Load = (pairs) => {
  const message = Buffer.alloc(64, 7);
  let count = 0;
  const answer = (socket: Socket, each: () => void) => {
    let got = 0;
    socket.on('data', (chunk: Buffer) => {
      got += chunk.length;
      for (; got >= message.length; got -= message.length) {
        each();
        socket.write(message);
      }
    });
    socket.resume();
  };
  for (const [one, other] of pairs) {
    answer(other, () => {});
    answer(one, () => count++);
    one.write(message);
  }
  return () => count;
};

const megabytes: Load = (pairs) => {
  const chunk = Buffer.alloc(256 * 1024, 7);
  let bytes = 0;
  for (const [one, other] of pairs) {
    const pump = () => {
      while (!one.destroyed && one.write(chunk));
    };
    one.on('drain', pump);
    other.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    other.resume();
    pump();
  }
  return () => bytes / 1e6;
};

async function measure(carrier: Carrier, load: Load, count: number): Promise<Figure> {
  const pairs: [Socket, Socket][] = [];
  for (let i = 0; i < count; i++) pairs.push(await carrier.pair(i));
  const sockets = pairs.flat();
  for (const socket of sockets) socket.on('error', () => {});
  const done = load(pairs);
  await sleep(SECONDS * 300);
  const time = () => (carrier.pid === undefined ? 0 : processTime(carrier.pid));
  const before = { done: done(), cpu: time(), at: performance.now() };
  await sleep(SECONDS * 1000);
  const work = done() - before.done;
  const figure = {
    perSecond: work / ((performance.now() - before.at) / 1000),
    perCpuSecond: work / ((time() - before.cpu) / 1e6),
  };
  for (const socket of sockets) socket.destroy();
  await sleep(50);
  return figure;
}

const middle = (values: number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

const carriers = await withReferences([await loopback(), await vcmiPipe()]);

const loads: readonly [string, Load, number][] = [
  ['64-byte round trips, 1 pipe', roundTrips, 1],
  ['64-byte round trips, 16 pipes', roundTrips, 16],
  ['64-byte round trips, 50 pipes', roundTrips, 50],
  ['MB one way, 1 pipe', megabytes, 1],
  ['MB one way, 8 pipes', megabytes, 8],
];
for (const [name, load, count] of loads) {
  const rounds: Figure[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const figures: Figure[] = [];
    for (const carrier of carriers) figures.push(await measure(carrier, load, count));
    rounds.push(figures);
  }
  console.log(name);
  carriers.forEach((carrier, i) => {
    const perSecond = middle(rounds.map((round) => round[i]?.perSecond ?? 0));
    const perCpu = middle(rounds.map((round) => round[i]?.perCpuSecond ?? 0));
    const cpu = carrier.pid === undefined ? '' : `, ${perCpu.toFixed(0)} per CPU-second`;
    console.log(`  ${carrier.name.padEnd(12)} ${perSecond.toFixed(0)} per second${cpu}`);
  });
  // Of each round, since other work on the machine changes from one to the next.
  carriers.forEach(({ name: other }, i) => {
    if (i < 2) return;
    const ratio = middle(
      rounds.map((round) => (round[1]?.perCpuSecond ?? 0) / (round[i]?.perCpuSecond ?? Number.NaN)),
    );
    console.log(`  vcmi pipe to ${other}, per CPU-second: ${ratio.toFixed(2)}`);
  });
}
for (const carrier of carriers) await carrier.close();
process.exit(0);
