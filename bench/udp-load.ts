import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pinned } from './pinned.js';
import { referenceProgram } from './reference-programs.js';

/** What is asked; see `reference/udp-load.c`. */
export interface UdpLoad {
  readonly mode: 'fixed' | 'info' | 'unique' | 'join' | 'train';
  readonly question: Uint8Array;
  readonly sockets: number;
  /** Questions on their way from each socket. */
  readonly window: number;
}

export interface LoadResult {
  readonly answers: number;
  readonly bytes: number;
  readonly seconds: number;
}

const run = promisify(execFile);

/** Asks until so many answers have come, from the core of the load. */
export async function askMany(port: number, load: UdpLoad, count: number): Promise<LoadResult> {
  const program = referenceProgram('udp-load');
  if (program === undefined) throw new Error('the load of this benchmark needs cc');
  const { mode, question, sockets, window } = load;
  const words = [port, count, sockets, window, mode, Buffer.from(question).toString('hex')];
  const { stdout } = await run(...pinned('load', [program, ...words.map(String)]));
  const [answers = 0, bytes = 0, seconds = 0] = stdout.trim().split(' ').map(Number);
  return { answers, bytes, seconds };
}
