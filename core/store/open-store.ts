import { resolve } from 'node:path';
import type { Clock } from '../clock.js';
import { ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import { MemoryStore } from './memory-store.js';
import { SqliteStore } from './sqlite-store.js';
import type { StoreDriver } from './store.js';

/** The section `store` of the configuration. */
export interface StoreConfig {
  readonly driver: 'memory' | 'sqlite' | 'redis';
  /** File of the sqlite driver, relative to the data folder. */
  readonly path: string;
  readonly durability: 'normal' | 'full';
}

export interface OpenStoreOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** The data folder. */
  readonly data: string;
}

/** Opens the configured store. Errors: those of the drivers, `STORE_DRIVER` for one that this version lacks. */
export async function openStore(
  { driver, path, durability }: StoreConfig,
  { clock, log, data }: OpenStoreOptions,
): Promise<StoreDriver> {
  switch (driver) {
    case 'memory':
      return new MemoryStore(clock);
    case 'sqlite':
      return SqliteStore.open({ file: resolve(data, path), clock, log, durability });
    case 'redis':
      throw new ServerError(
        'STORE_DRIVER',
        'store.driver redis is not available in this version; use sqlite (one node) or memory',
      );
  }
}
