/**
 * What stays in memory after many packets, how long collections of garbage hold up a busy responder, and how much a
 * node needs that does nothing. Run: `npm run bench -- steady [--quick]`.
 */
import { encodeQuery } from '../server-browser/a2s-query/index.js';
import { MeasuredProcess } from './measured-process.js';
import { type Figure, report } from './report.js';
import type { Memory, Pauses } from './responders.js';
import { askMany } from './udp-load.js';

const quick = process.argv.includes('--quick');
/** An hour at 500 packets each second. */
const PACKETS = quick ? 200_000 : 1_800_000;
const MEBIBYTE = 2 ** 20;
const load = {
  mode: 'info',
  question: encodeQuery('info', null),
  sockets: 16,
  window: 32,
} as const;

const figures: Figure[] = [];
const busy = await MeasuredProcess.responder('a2s', {}, ['--expose-gc']);
try {
  await askMany(busy.port, load, PACKETS / 10);
  const before = await busy.ask<Memory>('memory');
  await busy.ask<Pauses>('pauses');
  const { answers, seconds } = await askMany(busy.port, load, PACKETS);
  const pauses = [...(await busy.ask<Pauses>('pauses'))].sort((one, other) => one - other);
  const after = await busy.ask<Memory>('memory');
  const what = `${answers} answers at ${Math.round(answers / seconds)} per second`;
  const add = (name: string, value: number, unit: string) =>
    figures.push({ what: `${what}: ${name}`, value, unit });
  add('heap grew by', (after.heap - before.heap) / MEBIBYTE, 'MiB');
  add('resident grew by', (after.resident - before.resident) / MEBIBYTE, 'MiB');
  add('collections', pauses.length, 'pauses');
  add('p99 of their pauses', pauses[Math.ceil(pauses.length * 0.99) - 1] ?? 0, 'ms');
} finally {
  await busy.stop();
}

const usual = ['master', 'game-server', 'a2s', 'heartbeat', 'browser'];
const rest = [
  ...['rules', 'bans', 'social', 'relay', 'signaling', 'vcmi-lobby'],
  ...['steam-backend', 'auth-sessions', 'coordinator', 'game-socket-share'],
];
for (const [what, names] of [
  ['master, a2s, heartbeat and page', usual],
  ['all bundled plugins', [...usual, ...rest]],
] as const) {
  const idle = await MeasuredProcess.responder('plugins', {
    plugins: Object.fromEntries(names.map((name) => [name, {}])),
  });
  try {
    const { resident } = await idle.ask<Memory>('memory');
    figures.push({
      what: `an idle node with ${what}`,
      value: resident / MEBIBYTE,
      unit: 'MiB resident',
    });
  } finally {
    await idle.stop();
  }
}
report(figures);
