import type { Logger as PinoLogger } from 'pino';

/** Structured log of pino: `log.info({ masters: 2 }, 'registered')`. */
export type Logger = Pick<
  PinoLogger,
  'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'level'
> & {
  child(bindings: Record<string, unknown>): Logger;
};
