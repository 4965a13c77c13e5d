import { resolve } from 'node:path';
import type { Clock } from '../clock.js';
import type { Logger } from '../logger.js';
import { MemoryStore } from './memory-store.js';
import { RedisStoreDriver } from './redis-store.js';
import { SqliteStore } from './sqlite-store.js';
import type { StoreDriver } from './store.js';

/** The section `store` of the configuration. */
export interface StoreConfig {
  readonly driver: 'memory' | 'sqlite' | 'redis';
  /** File of the sqlite driver, relative to the data folder. */
  readonly path: string;
  readonly durability: 'normal' | 'full';
  /** Of the redis driver. */
  readonly url?: string | null;
  readonly prefix?: string;
  readonly replicas?: number;
  readonly ca?: string | null;
}

export interface OpenStoreOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** The data folder. */
  readonly data: string;
}

/** Opens the configured store. Errors: those of the drivers. */
export async function openStore(
  config: StoreConfig,
  { clock, log, data }: OpenStoreOptions,
): Promise<StoreDriver> {
  const { driver, path, durability } = config;
  switch (driver) {
    case 'memory':
      return new MemoryStore(clock);
    case 'sqlite':
      return SqliteStore.open({ file: resolve(data, path), clock, log, durability });
    case 'redis': {
      const { url, prefix = 'beaconry', replicas = 0, ca = null } = config;
      return RedisStoreDriver.open(
        { url: url ?? '', prefix, replicas, ca, durability },
        { clock, log },
      );
    }
  }
}
