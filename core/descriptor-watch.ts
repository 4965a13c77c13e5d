import { closeSync, openSync, readFileSync } from 'node:fs';
import { SystemClock } from './clock.js';
import type { Logger } from './logger.js';

const interval = 2000;
/** Left of the limit when it is told of. */
const least = 16;
const remedy =
  'connections are closed as they come. Raise the limit (LimitNOFILE of the systemd unit, ulimit -n), or lower the limits on connections';

/**
 * Notices that the process is out of file descriptors, which nothing else tells: the system then closes connections
 * as they come. A new descriptor gets the lowest free number, so one look costs the same however many there are.
 */
export class DescriptorWatch {
  #problem: string | undefined;
  #end: () => void = () => {};

  constructor(
    private readonly log: Pick<Logger, 'error' | 'warn'>,
    private readonly limit = openFilesLimit(),
  ) {}

  /** What to tell the operator; undefined while there are enough. */
  get problem(): string | undefined {
    return this.#problem;
  }

  start(): void {
    // The limit is the system's, and so is the time.
    this.#end = new SystemClock().every(interval, () => this.look());
  }

  stop(): void {
    this.#end();
  }

  look(): void {
    const before = this.#problem;
    this.#problem = this.#find();
    if (before === undefined && this.#problem !== undefined) this.log.error(this.#problem);
    if (before !== undefined && this.#problem === undefined) {
      this.log.warn('there are file descriptors again');
    }
  }

  #find(): string | undefined {
    try {
      const lowest = openSync('/dev/null', 'r');
      closeSync(lowest);
      const isEnough = this.limit === undefined || lowest < this.limit - least;
      return isEnough
        ? undefined
        : `${lowest} of ${this.limit} file descriptors are in use; at the limit ${remedy}`;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Elsewhere there is no such file.
      if (code !== 'EMFILE' && code !== 'ENFILE') return undefined;
      return `no file descriptor is left${this.limit === undefined ? '' : ` of ${this.limit}`}: ${remedy}`;
    }
  }
}

/** The limit of this process; undefined where the system does not tell. */
function openFilesLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
