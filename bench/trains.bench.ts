/**
 * CPU time of each of many equal datagrams to and from one peer, with and without offload of trains (GSO and GRO), beside
 * echoes in C with and without. Run: `npm run bench -- trains [--quick]`.
 */
import { type Contender, compare } from './compare.js';
import { MeasuredProcess } from './measured-process.js';
import { referenceProgram } from './reference-programs.js';
import { report } from './report.js';

const quick = process.argv.includes('--quick');
const program = referenceProgram('udp-echo');
if (program === undefined) throw new Error('the references of this benchmark need cc');

for (const size of [200, 1200]) {
  const load = {
    mode: 'train',
    question: new Uint8Array(size).fill(1),
    sockets: 2,
    window: 96,
  } as const;
  const contenders: Contender[] = [
    { name: 'C batch', process: await MeasuredProcess.program([program, 'batch', '0']), load },
    { name: 'C train', process: await MeasuredProcess.program([program, 'train', '0']), load },
    {
      name: 'beaconry',
      process: await MeasuredProcess.responder('echo', { offload: false }),
      load,
    },
    {
      name: 'beaconry with trains',
      process: await MeasuredProcess.responder('echo', { offload: true }),
      load,
    },
  ];
  try {
    report(
      await compare(contenders, {
        what: `trains of ${size} bytes`,
        rounds: quick ? 2 : 7,
        count: quick ? 20_000 : 100_000,
      }),
    );
  } finally {
    for (const { process } of contenders) await process.stop();
  }
}
