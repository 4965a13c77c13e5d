import type { Logger } from '../../../core/logger.js';

const nothing = () => {};

/** A log that says nothing. */
export const silentLog: Logger = {
  level: 'silent',
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => silentLog,
};
