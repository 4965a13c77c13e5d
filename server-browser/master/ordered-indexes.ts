import type { PeerAddress } from 'beaconry';
import { OrderedAddresses } from './ordered-addresses.js';
import type { Registration } from './public.js';

/** Fields by which lists are usually asked for; conditions of which a scan may make use. */
export interface Wanted {
  readonly modDir?: string | undefined;
  readonly appId?: number | undefined;
}

/** Registrations in order of address, all of them and again for each game directory and each app. */
export class OrderedIndexes<T extends Registration> {
  readonly all = new OrderedAddresses<T>();
  readonly #byModDir = new Map<string, OrderedAddresses<T>>();
  readonly #byAppId = new Map<number, OrderedAddresses<T>>();

  insert(item: T): void {
    this.all.insert(item);
    add(this.#byModDir, item.modDir, item);
    add(this.#byAppId, item.appId, item);
  }

  remove(address: PeerAddress): T | undefined {
    const item = this.all.remove(address);
    if (item === undefined) return undefined;
    drop(this.#byModDir, item.modDir, item);
    drop(this.#byAppId, item.appId, item);
    return item;
  }

  /** The item's fields were other ones before. */
  moved(item: T, modDir: string, appId: number): void {
    if (item.modDir !== modDir) {
      drop(this.#byModDir, modDir, item);
      add(this.#byModDir, item.modDir, item);
    }
    if (item.appId !== appId) {
      drop(this.#byAppId, appId, item);
      add(this.#byAppId, item.appId, item);
    }
  }

  /** The fewest items that hold all the wanted ones; undefined when there can be none. */
  narrowest({ modDir, appId }: Wanted): OrderedAddresses<T> | undefined {
    let found: OrderedAddresses<T> | undefined = this.all;
    if (modDir !== undefined) found = this.#byModDir.get(modDir);
    if (appId === undefined || found === undefined) return found;
    const ofApp = this.#byAppId.get(appId);
    return ofApp === undefined || ofApp.size < found.size ? ofApp : found;
  }
}

const add = <K, T extends Registration>(
  index: Map<K, OrderedAddresses<T>>,
  key: K,
  item: T,
): void => {
  let known = index.get(key);
  if (known === undefined) {
    known = new OrderedAddresses();
    index.set(key, known);
  }
  known.insert(item);
};

const drop = <K, T extends Registration>(
  index: Map<K, OrderedAddresses<T>>,
  key: K,
  item: T,
): void => {
  const known = index.get(key);
  known?.remove(item.address);
  if (known?.size === 0) index.delete(key);
};
