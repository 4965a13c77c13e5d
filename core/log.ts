import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import pino, { type DestinationStream } from 'pino';
import { RecentLog } from './admin/recent-log.js';
import type { Logger } from './logger.js';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** Absolute path; null writes to stderr. */
  readonly file: string | null;
  /** Other levels for single plugins. */
  readonly plugins: ReadonlyMap<string, LogLevel>;
}

/** The log of one server. */
export interface ServerLog {
  readonly log: Logger;
  forPlugin(name: string): Logger;
  /** The last lines, for operators. */
  readonly recent: RecentLog;
  /** Opens the file anew, after it was moved by log rotation. */
  reopen(): void;
  flush(): void;
}

/** Secrets are blanked here and not at call sites, so that no call site can forget it. */
const SECRETS = ['token', 'password', 'key', 'secret', 'accountKey', 'authorization', 'ticket'];
const redact = {
  paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  censor: '[redacted]',
};

export function openLog(options: LogOptions): ServerLog {
  const file =
    options.file === null
      ? undefined
      : pino.destination({ dest: options.file, mkdir: true, sync: true, mode: 0o640 });
  const target: DestinationStream =
    file ??
    (process.stderr.isTTY ? readable(process.stderr) : pino.destination({ dest: 2, sync: true }));
  const recent = new RecentLog();
  const both: DestinationStream = {
    write(line) {
      recent.add(line);
      target.write(line);
    },
  };
  const root = pino({ level: options.level, redact, base: null }, both);
  return {
    log: root,
    recent,
    forPlugin: (plugin) =>
      root.child({ plugin }, { level: options.plugins.get(plugin) ?? options.level }),
    reopen: () => file?.reopen(),
    flush: () => file?.flushSync(),
  };
}

/** The log that a caller brought, or one as configured. */
export function openedLog(given: Logger | ServerLog | undefined, config: LogOptions): ServerLog {
  if (given === undefined) return openLog(config);
  if ('forPlugin' in given) return given;
  return {
    log: given,
    recent: new RecentLog(),
    forPlugin: (plugin) => given.child({ plugin }),
    reopen: () => {},
    flush: () => {},
  };
}

const COLOURS = { 20: 'gray', 30: 'green', 40: 'yellow', 50: 'red', 60: 'red' } as const;

/** For a person at a terminal: time, level, plugin, message, and the rest as JSON. */
function readable(output: NodeJS.WritableStream): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n')) if (line !== '') output.write(format(line));
      done();
    },
  });
}

function format(line: string): string {
  const { level, time, msg, plugin, err, ...rest } = JSON.parse(line) as Record<string, unknown> & {
    level: number;
    time: number;
  };
  const name = pino.levels.labels[level] ?? String(level);
  const clock = new Date(time).toTimeString().slice(0, 8);
  const colour = COLOURS[level as keyof typeof COLOURS] ?? 'gray';
  const who = plugin === undefined ? '' : ` ${styleText('cyan', String(plugin))}`;
  const more = Object.keys(rest).length === 0 ? '' : ` ${styleText('gray', JSON.stringify(rest))}`;
  const stack = (err as { stack?: string } | undefined)?.stack;
  const trace = stack === undefined ? '' : `\n${stack}`;
  return `${styleText('gray', clock)} ${styleText(colour, name.padEnd(5))}${who} ${String(msg ?? '')}${more}${trace}\n`;
}
