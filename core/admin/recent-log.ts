/** One line of the log, as operators read it. */
export interface LogLine {
  /** Rises by one with each line of this process. */
  readonly number: number;
  /** ISO 8601. */
  readonly at: string;
  readonly level: string;
  readonly plugin: string | null;
  readonly message: string;
  /** What else the line says, as JSON; empty when nothing. */
  readonly details: string;
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
/** Lines kept, and characters of each: strangers can cause lines. */
const MOST = 500;
const LONGEST = 2000;
const LONGEST_LINE = 8192;

/** The last lines of the log, in memory: what an operator looks at first when something is wrong. */
export class RecentLog {
  readonly #lines: string[] = [];
  #last = 0;

  get last(): number {
    return this.#last;
  }

  /** A line as the log writes it: JSON, secrets already blanked. */
  add(line: string): void {
    this.#lines[this.#last++ % MOST] = line.length <= LONGEST_LINE ? line : shortened(line);
  }

  /** Lines behind that number, the oldest first; at most the newest `limit` of them. */
  after(number: number, limit: number): LogLine[] {
    const first = Math.max(number, this.#last - Math.min(limit, MOST), 0);
    const found: LogLine[] = [];
    for (let at = first; at < this.#last; at++) {
      found.push(readLine(at + 1, this.#lines[at % MOST] ?? ''));
    }
    return found;
  }
}

function shortened(line: string): string {
  const { level, time, msg, plugin } = JSON.parse(line) as Record<string, unknown>;
  return JSON.stringify({ level, time, plugin, msg: String(msg).slice(0, LONGEST) });
}

function readLine(number: number, line: string): LogLine {
  const { level, time, msg, plugin, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const details = Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
  return {
    number,
    at: new Date(Number(time)).toISOString(),
    level: LEVELS[Number(level)] ?? String(level),
    plugin: typeof plugin === 'string' ? plugin : null,
    message: String(msg ?? '').slice(0, LONGEST),
    details: details.slice(0, LONGEST),
  };
}
