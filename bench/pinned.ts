import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Whether server and load can be kept on different cores. */
export const pins =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** A command line that runs on one core where that can be had. */
export const pinned = (core: 'server' | 'load', command: readonly string[]): [string, string[]] => {
  const line = pins ? ['taskset', '-c', core === 'server' ? '0' : '1', ...command] : command;
  const [program = '', ...args] = line;
  return [program, args];
};

/** Moves a process that runs already, with all its threads, to its core where that can be had. */
export function pin(core: 'server' | 'load', pid: number): void {
  if (pins) spawnSync('taskset', ['-a', '-p', '-c', core === 'server' ? '0' : '1', String(pid)]);
}
