/**
 * CPU time of one A2S INFO answer: the plugin a2s with challenge check, limits and metrics on, beside a C echo that
 * batches, one that does not, and a bare dgram socket, all with questions and answers of the same size, in turns
 * within one run. Run: `npm run bench -- a2s [--quick]`.
 */
import { initialSnapshot } from '../plugins/game-server/game-server-config.js';
import { LiveState } from '../plugins/game-server/live-state.js';
import { sourceInfoOf } from '../server-browser/a2s/info-of-state.js';
import { encodeInfo, encodeQuery } from '../server-browser/a2s-query/index.js';
import { compare } from './compare.js';
import { MeasuredProcess } from './measured-process.js';
import { references } from './references.js';
import { report } from './report.js';

const quick = process.argv.includes('--quick');
const traffic = { sockets: 16, window: 32 };
const state = new LiveState(initialSnapshot, { snapshot: {}, players: undefined });
const size = encodeInfo(sourceInfoOf(state)).length;

const info = { ...traffic, mode: 'info', question: encodeQuery('info', null) } as const;
const fixed = { ...traffic, mode: 'fixed', question: encodeQuery('info', 1) } as const;
const others = await references(size, fixed);
// Answers to one peer that follow each other would leave as one train, which the echo in C does not do.
const plain = await MeasuredProcess.responder('a2s', { offload: false });
const trains = await MeasuredProcess.responder('a2s');
const contenders = [
  ...others,
  { name: 'beaconry', process: plain, load: info },
  { name: 'beaconry with trains', process: trains, load: info },
];
try {
  report(
    await compare(contenders, {
      what: `A2S INFO, ${size} bytes`,
      rounds: quick ? 2 : 6,
      count: quick ? 20_000 : 100_000,
    }),
  );
} finally {
  for (const { process } of contenders) await process.stop();
}
