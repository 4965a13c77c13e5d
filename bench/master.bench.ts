/**
 * CPU time of list pages and heartbeats of the plugin master with 20,000 servers, beside echoes in C and on bare dgram
 * whose answers have the same size, in turns within one run; then, in this process, the memory of 1,000,000
 * registrations and the time of filtered pages over 100,000. Run: `npm run bench -- master [--quick]`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { encodeListRequest, LIST_START } from '../server-browser/a2s-query/list-codec.js';
import { compare } from './compare.js';
import { MeasuredProcess } from './measured-process.js';
import { references } from './references.js';
import { type Figure, report } from './report.js';
import type { UdpLoad } from './udp-load.js';

const quick = process.argv.includes('--quick');
const traffic = { sockets: 16, window: 32 };
/** Bytes of a full page of IPv4 addresses. */
const PAGE = 1392;

const listRequest = (filter: string): Uint8Array =>
  encodeListRequest({ region: 255, after: LIST_START, filter });
const join =
  '0\n\\protocol\\7\\max\\16\\bots\\0\\gamedir\\cstrike\\map\\de_dust2\\password\\0\\os\\l\\lan\\0\\region\\255' +
  '\\type\\d\\secure\\1\\version\\1.0.0.70\\product\\css';

interface Workload {
  readonly what: string;
  readonly load: UdpLoad;
  /** What the references are asked, which know no protocol; default the same. */
  readonly plain?: UdpLoad;
  /** Bytes of the answer. */
  readonly size: number;
  readonly count: number;
}
const workloads: readonly Workload[] = [
  {
    what: 'master, the same page again',
    load: { ...traffic, mode: 'fixed', question: listRequest('\\secure\\0') },
    size: PAGE,
    count: 40_000,
  },
  {
    what: 'master, a page with a filter never asked before',
    load: { ...traffic, mode: 'unique', question: listRequest('').slice(0, -1) },
    size: PAGE,
    count: 5000,
  },
  {
    what: 'master, a heartbeat (challenge and join)',
    load: { ...traffic, mode: 'join', question: Buffer.from(join) },
    // An echo would take each join for another question.
    plain: { ...traffic, mode: 'fixed', question: Buffer.from('q') },
    size: 10,
    count: 30_000,
  },
];

const plain = await MeasuredProcess.responder('master', { offload: false, servers: 20_000 });
const trains = await MeasuredProcess.responder('master', { servers: 20_000 });
try {
  for (const { what, load, plain: simple = load, size, count } of workloads) {
    const others = await references(size, simple);
    try {
      const ours = [
        { name: 'beaconry', process: plain, load },
        { name: 'beaconry with trains', process: trains, load },
      ];
      report(
        await compare([...others, ...ours], {
          what,
          rounds: quick ? 2 : 5,
          // Fewer would end within one tick of the scheduler, which then has counted nothing.
          count: quick ? Math.max(3000, count / 10) : count,
        }),
      );
    } finally {
      for (const { process } of others) await process.stop();
    }
  }
} finally {
  await plain.stop();
  await trains.stop();
}

const child = fork(
  fileURLToPath(new URL('table-figures.js', import.meta.url)),
  [...(quick ? ['--quick'] : [])],
  { execArgv: ['--expose-gc'] },
);
const [figures] = (await once(child, 'message')) as [Figure[]];
report(figures);
