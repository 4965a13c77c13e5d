import { ServerError } from '../errors.js';
import type { AddressFilters } from '../net/address-filter.js';
import { AddressRanges } from '../net/address-ranges.js';
import type { Store } from '../store/store.js';

type Kept = { readonly allow: readonly string[]; readonly since: string };

const key = 'maintenance';
/** Ranges that are let in at most. */
const maxRanges = 256;

/**
 * While it is on, every endpoint but `admin` is silent to everybody but the allowed ranges, open connections
 * are cut, and the node says that it is not ready. Kept in the store: a restart does not let people in.
 */
export class Maintenance {
  #kept: Kept | undefined;
  #allowed = new AddressRanges([]);

  constructor(
    private readonly store: Store,
    private readonly filters: AddressFilters,
  ) {
    filters.add((address) => this.#kept !== undefined && !this.#allowed.includes(address));
  }

  async load(): Promise<void> {
    const kept = await this.store.get<Kept>(key);
    if (kept !== undefined) this.#take(kept);
  }

  /** Error `USAGE` for too many ranges. */
  async on(allow: readonly string[], now: number): Promise<void> {
    if (allow.length > maxRanges) {
      throw new ServerError('USAGE', `at most ${maxRanges} ranges can be let in`);
    }
    const kept = { allow, since: new Date(now).toISOString() };
    await this.store.set(key, kept);
    this.#take(kept);
    this.filters.sweep();
  }

  /** False when it was not on. */
  async off(): Promise<boolean> {
    await this.store.delete(key);
    const wasOn = this.#kept !== undefined;
    this.#kept = undefined;
    return wasOn;
  }

  /** Why the node takes no traffic now. */
  problem(): string | undefined {
    return this.#kept === undefined ? undefined : `in maintenance since ${this.#kept.since}`;
  }

  #take(kept: Kept): void {
    this.#allowed = new AddressRanges(kept.allow);
    this.#kept = kept;
  }
}
