import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of a process in microseconds, from the scheduler's own nanosecond count (Linux). */
export function processTime(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [running = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(
        ' ',
      );
      nanoseconds += Number(running);
    } catch {
      // A thread that ended between the two reads.
    }
  }
  return nanoseconds / 1000;
}
