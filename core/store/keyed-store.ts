import type { Clock } from '../clock.js';
import { ServerError } from '../errors.js';
import { checkKey, checkText, joinNamespace, maxScanLimit } from './entry-limits.js';
import type { Json, KeepOptions, ScanOptions, Store } from './store.js';

export interface ScanRange {
  readonly prefix: string;
  /** Only keys greater than this one; may be empty. */
  readonly after: string;
  readonly limit: number;
}

/**
 * What a driver in this process offers: synchronous steps on a table of (namespace, key). Entries whose
 * `expires` (Unix milliseconds) is not after the clock's now are never returned. A table keeps a value of its own for each entry
 * and gives every reader another: nobody can change what somebody else reads. Writing refuses with `STORE_VALUE` what is
 * not JSON or too large.
 */
export interface KeyedTable {
  read(namespace: string, key: string): Json | undefined;
  write(namespace: string, key: string, value: Json, expires: number | null): void;
  remove(namespace: string, key: string): void;
  scan(namespace: string, range: ScanRange): (readonly [key: string, value: Json])[];
  /** Deletes at most `limit` entries that are over; returns how many it deleted. */
  purge(limit: number): number;
  /**
   * Runs the step at once; the promise settles when what it saw and wrote is durable, and rejects with what the step
   * throws.
   */
  perform<T>(kind: 'read' | 'write', step: () => T): Promise<T>;
}

/** The store on any keyed table. Steps are synchronous, so each operation is atomic and they keep their order. */
export class KeyedStore implements Store {
  readonly #table: KeyedTable;
  readonly #clock: Clock;
  readonly #path: string;

  constructor(table: KeyedTable, clock: Clock, path = '') {
    this.#table = table;
    this.#clock = clock;
    this.#path = path;
  }

  get<T extends Json>(key: string): Promise<T | undefined> {
    return this.#table.perform('read', () => {
      checkKey(key);
      return this.#read<T>(key);
    });
  }

  set(key: string, value: Json, options?: KeepOptions): Promise<void> {
    return this.#table.perform('write', () => {
      checkKey(key);
      this.#table.write(this.#path, key, value, this.#expires(options));
    });
  }

  setIfAbsent(key: string, value: Json, options?: KeepOptions): Promise<boolean> {
    return this.#table.perform('write', () => {
      checkKey(key);
      if (this.#read(key) !== undefined) return false;
      this.#table.write(this.#path, key, value, this.#expires(options));
      return true;
    });
  }

  take<T extends Json>(key: string): Promise<T | undefined> {
    return this.#table.perform('write', () => {
      checkKey(key);
      const value = this.#read<T>(key);
      if (value !== undefined) this.#table.remove(this.#path, key);
      return value;
    });
  }

  delete(key: string): Promise<boolean> {
    return this.#table.perform('write', () => {
      checkKey(key);
      const present = this.#read(key) !== undefined;
      if (present) this.#table.remove(this.#path, key);
      return present;
    });
  }

  update<T extends Json>(
    key: string,
    change: (current: T | undefined) => T | undefined,
    options?: KeepOptions,
  ): Promise<T | undefined> {
    return this.#table.perform('write', () => {
      checkKey(key);
      const next = change(this.#read<T>(key));
      if (next === undefined) this.#table.remove(this.#path, key);
      else this.#table.write(this.#path, key, next, this.#expires(options));
      return next;
    });
  }

  scan<T extends Json>(
    prefix: string,
    { after = '', limit = 1000 }: ScanOptions = {},
  ): Promise<(readonly [string, T])[]> {
    return this.#table.perform('read', () => {
      checkText(prefix);
      checkText(after);
      const range: ScanRange = {
        prefix,
        after,
        limit: Math.min(Math.max(0, Math.trunc(limit)), maxScanLimit),
      };
      return this.#table.scan(this.#path, range) as (readonly [string, T])[];
    });
  }

  namespace(name: string): Store {
    return new KeyedStore(this.#table, this.#clock, joinNamespace(this.#path, name));
  }

  #read<T extends Json>(key: string): T | undefined {
    return this.#table.read(this.#path, key) as T | undefined;
  }

  #expires(options: KeepOptions | undefined): number | null {
    if (options?.ttl === undefined) return null;
    if (!Number.isFinite(options.ttl)) {
      throw new ServerError(
        'STORE_TTL',
        `a ttl is a finite number of milliseconds, not ${options.ttl}; leave it out for an entry that stays`,
      );
    }
    return Math.ceil(this.#clock.now() + options.ttl);
  }
}

export const purgeInterval = 10_000;
const purgePause = 100;
export const purgeBatch = 1000;

/** Deletes entries that are over in bounded batches, so that no batch holds up the process; returns the end of it. */
export function purgeRegularly(
  table: KeyedTable,
  clock: Clock,
  onError: (error: unknown) => void,
): () => void {
  let cancelNext = () => {};
  let ended = false;
  const purge = async (): Promise<void> => {
    try {
      const deleted = await table.perform('write', () => table.purge(purgeBatch));
      if (deleted < purgeBatch || ended) return;
      cancelNext();
      cancelNext = clock.after(purgePause, () => void purge());
    } catch (error) {
      if (!ended) onError(error);
    }
  };
  const cancelTimer = clock.every(purgeInterval, () => void purge());
  return () => {
    ended = true;
    cancelTimer();
    cancelNext();
  };
}
