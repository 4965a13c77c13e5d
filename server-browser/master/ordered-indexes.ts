import type { AddressColumns } from './address-columns.js';
import { OrderedAddresses } from './ordered-addresses.js';
import type { RegistrationEntry } from './registration-entry.js';

/** Fields by which lists are usually asked for; conditions of which a scan may make use. */
export interface Wanted {
  readonly modDir?: string | undefined;
  readonly appId?: number | undefined;
}

/** Slots in order of address, all of them and again for each game directory and each app. */
export class OrderedIndexes {
  readonly all: OrderedAddresses;
  readonly #byModDir = new Map<string, OrderedAddresses>();
  readonly #byAppId = new Map<number, OrderedAddresses>();

  constructor(private readonly addresses: AddressColumns) {
    this.all = new OrderedAddresses(addresses);
  }

  insert({ slot, modDir, appId }: RegistrationEntry): void {
    this.all.insert(slot);
    this.#add(this.#byModDir, modDir, slot);
    this.#add(this.#byAppId, appId, slot);
  }

  remove({ slot, modDir, appId }: RegistrationEntry): void {
    this.all.remove(slot);
    drop(this.#byModDir, modDir, slot);
    drop(this.#byAppId, appId, slot);
  }

  /** The entry's fields were other ones before. */
  moved(entry: RegistrationEntry, modDir: string, appId: number): void {
    if (entry.modDir !== modDir) {
      drop(this.#byModDir, modDir, entry.slot);
      this.#add(this.#byModDir, entry.modDir, entry.slot);
    }
    if (entry.appId !== appId) {
      drop(this.#byAppId, appId, entry.slot);
      this.#add(this.#byAppId, entry.appId, entry.slot);
    }
  }

  /** The fewest slots that hold all the wanted ones; undefined when there can be none. */
  narrowest({ modDir, appId }: Wanted): OrderedAddresses | undefined {
    let found: OrderedAddresses | undefined = this.all;
    if (modDir !== undefined) found = this.#byModDir.get(modDir);
    if (appId === undefined || found === undefined) return found;
    const ofApp = this.#byAppId.get(appId);
    return ofApp === undefined || ofApp.size < found.size ? ofApp : found;
  }

  #add<K>(index: Map<K, OrderedAddresses>, key: K, slot: number): void {
    let known = index.get(key);
    if (known === undefined) {
      known = new OrderedAddresses(this.addresses);
      index.set(key, known);
    }
    known.insert(slot);
  }
}

const drop = <K>(index: Map<K, OrderedAddresses>, key: K, slot: number): void => {
  const known = index.get(key);
  known?.remove(slot);
  if (known?.size === 0) index.delete(key);
};
