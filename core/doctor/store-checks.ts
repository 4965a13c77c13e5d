import { existsSync } from 'node:fs';
import { AuditLog } from '../admin/audit-log.js';
import { type Clock, SystemClock } from '../clock.js';
import type { ServerConfig } from '../config/server-config.js';
import { messageOf } from '../errors.js';
import type { Logger } from '../logger.js';
import { openStore } from '../store/open-store.js';
import { type Finding, well, wrong } from './doctor-check.js';

/** No clock that is right shows less: 2025-01-01. */
const earliest = Date.UTC(2025, 0, 1);
/** Milliseconds by which the clock may have been set back. */
const setBack = 60_000;

/** The clock is no clock of an unset machine; leases, tickets and bans count on it. */
export function checkClock(clock: Pick<Clock, 'now'>): Finding {
  const now = new Date(clock.now()).toISOString();
  return clock.now() >= earliest
    ? well('clock', `the clock says ${now}`)
    : wrong(
        'clock',
        `the clock says ${now}`,
        'set it, and let NTP keep it: timedatectl set-ntp true',
      );
}

/** The store of a node that does not run opens and is read; the clock is not behind what it keeps. */
export async function* checkStore(
  config: ServerConfig,
  log: Logger,
  clock: Clock = new SystemClock(),
): AsyncIterable<Finding> {
  const { store, data } = config;
  if (store.driver === 'sqlite' && !existsSync(store.path)) {
    yield well('store', `${store.path} will be made at the first start`);
    return;
  }
  try {
    const opened = await openStore(store, { clock, log, data });
    try {
      const audit = new AuditLog(opened.namespace('audit'), clock, 1);
      const [newest] = await audit.newest(1);
      yield well('store', `the ${store.driver} store opens`);
      if (newest !== undefined && Date.parse(newest.at) > clock.now() + setBack) {
        yield wrong(
          'clock',
          `the store has an entry of ${newest.at}, which is yet to come`,
          'the clock was set back, or was wrong before: let NTP keep it',
        );
      }
    } finally {
      await opened.close();
    }
  } catch (error) {
    yield wrong(
      'store',
      `the ${store.driver} store does not open: ${messageOf(error)}`,
      'see that the account of the server may write there and the disk is not full, or bring back a backup',
    );
  }
}
