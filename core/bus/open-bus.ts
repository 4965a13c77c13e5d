import type { Logger } from '../logger.js';
import { RedisStoreDriver } from '../store/redis-store.js';
import type { StoreDriver } from '../store/store.js';
import type { BusDriver } from './bus.js';
import { LocalBus } from './local-bus.js';
import { RedisBus } from './redis-bus.js';

/** The bus that belongs to a store: nodes that share one hear each other. */
export async function openBus(
  store: StoreDriver,
  parts: { readonly node: string; readonly log: Logger },
): Promise<BusDriver> {
  return store instanceof RedisStoreDriver ? RedisBus.open(store.link, parts) : new LocalBus(parts);
}
