import type { Contender } from './compare.js';
import { MeasuredProcess } from './measured-process.js';
import { referenceProgram } from './reference-programs.js';
import type { UdpLoad } from './udp-load.js';

/** Against what everything is held: echoes whose answers have the same size, in C and on bare dgram. */
export async function references(size: number, load: UdpLoad): Promise<Contender[]> {
  const program = referenceProgram('udp-echo');
  if (program === undefined) throw new Error('the references of this benchmark need cc');
  const bytes = String(size);
  return [
    { name: 'C batch', process: await MeasuredProcess.program([program, 'batch', bytes]), load },
    { name: 'C single', process: await MeasuredProcess.program([program, 'single', bytes]), load },
    { name: 'bare dgram', process: await MeasuredProcess.responder('bare', { size }), load },
  ];
}
