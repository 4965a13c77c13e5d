/**
 * The same work (tickets registered and checked) by one, two and three nodes on one Redis, in turns within one run; and
 * the cost of each operation of the store beside the plain command of Redis that comes nearest, over the same kind of
 * connection. All on one machine: with as many nodes as cores the ratios say what sharing costs, not what machines add.
 * Run: `npm run bench -- cluster [--quick]`; needs redis-server.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { SystemClock } from '../core/clock.js';
import { RedisStoreDriver } from '../core/store/redis-store.js';
import { RedisProcess } from '../test/core/store/redis-process.js';
import { silentLog } from '../test/core/store/silent-log.js';
import { type Figure, median, report } from './report.js';

const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 7;
const operations = quick ? 2000 : 10_000;
const tickets = quick ? 300 : 3000;
const atOnce = 64;

const redis = await RedisProcess.start();
const figures: Figure[] = [];
try {
  await storeBesideRedis();
  await nodesBesideOne();
  report(figures);
} finally {
  await redis.end();
}

/** Operations a second with so many under way at once. */
async function rate(count: number, work: (i: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const started = performance.now();
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (count * 1000) / (performance.now() - started);
}

async function storeBesideRedis(): Promise<void> {
  const store = await RedisStoreDriver.open(
    { url: redis.url, prefix: 'bench', replicas: 0, durability: 'normal', ca: null },
    { clock: new SystemClock(), log: silentLog },
  );
  const bare = new Redis(redis.url, { protocol: 2 });
  const value = 'x'.repeat(200);
  const part = store.namespace('bench');
  let fresh = 0;
  const key = (i: number) => `k${i % 1000}`;
  const pairs: readonly (readonly [
    string,
    (i: number) => Promise<unknown>,
    string,
    (i: number) => Promise<unknown>,
  ])[] = [
    ['set', (i) => part.set(key(i), value), 'SET', (i) => bare.set(`b${key(i)}`, value)],
    ['get', (i) => part.get(key(i)), 'GET', (i) => bare.get(`b${key(i)}`)],
    [
      'set with a time',
      (i) => part.set(key(i), value, { ttl: 60_000 }),
      'SET PX',
      (i) => bare.set(`b${key(i)}`, value, 'PX', 60_000),
    ],
    [
      'setIfAbsent',
      () => part.setIfAbsent(`f${fresh++}`, value),
      'SET NX',
      () => bare.set(`bf${fresh++}`, value, 'NX'),
    ],
    ['take', (i) => part.take(key(i)), 'GETDEL', (i) => bare.getdel(`b${key(i)}`)],
    [
      'update',
      (i) => part.update<number>(`u${i % 1000}`, (n = 0) => n + 1),
      'GET and SET',
      async (i) => {
        await bare.get(`bu${i % 1000}`);
        await bare.set(`bu${i % 1000}`, i);
      },
    ],
  ];
  for (const [name, ours, command, theirs] of pairs) {
    const [mine, plain]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      mine.push(await rate(operations, ours));
      plain.push(await rate(operations, theirs));
    }
    figures.push({
      what: `store ${name}`,
      value: median(mine),
      unit: 'operations/s',
      against: { [command]: median(mine) / median(plain) },
    });
  }
  bare.disconnect();
  await store.close();
}

async function nodesBesideOne(): Promise<void> {
  const program = fileURLToPath(new URL('./cluster-node.js', import.meta.url));
  const nodes: ChildProcess[] = [];
  for (const name of ['one', 'two', 'three']) {
    const node = fork(program, [name, redis.url, 'nodes'], { execArgv: ['--enable-source-maps'] });
    await once(node, 'message');
    nodes.push(node);
  }
  const measured: Record<number, number[]> = { 1: [], 2: [], 3: [] };
  for (let round = 0; round < rounds; round++) {
    for (const count of [1, 2, 3]) {
      const started = performance.now();
      const done = nodes.slice(0, count).map(async (node) => {
        node.send(Math.ceil(tickets / count));
        await once(node, 'message');
      });
      await Promise.all(done);
      measured[count]?.push((tickets * 1000) / (performance.now() - started));
    }
  }
  for (const node of nodes) node.disconnect();
  const alone = median(measured[1] ?? []);
  for (const count of [1, 2, 3]) {
    const value = median(measured[count] ?? []);
    figures.push({
      what: `tickets registered and checked by ${count} node${count === 1 ? '' : 's'}`,
      value,
      unit: 'tickets/s',
      ...(count === 1 ? {} : { against: { 'one node': value / alone } }),
    });
  }
}
