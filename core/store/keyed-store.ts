import type { Clock } from '../clock.js';
import { ServerError } from '../errors.js';
import { checkKey, checkText, encodeValue, joinNamespace, maxScanLimit } from './entry-limits.js';
import type { Json, KeepOptions, ScanOptions, Store } from './store.js';

export interface ScanRange {
  readonly prefix: string;
  /** Only keys greater than this one; may be empty. */
  readonly after: string;
  readonly limit: number;
  readonly now: number;
}

/**
 * What a driver in this process offers: synchronous steps on a table of (namespace, key). Entries whose
 * `expires` (Unix milliseconds) is not after `now` are never returned.
 */
export interface KeyedTable {
  read(namespace: string, key: string, now: number): string | undefined;
  write(namespace: string, key: string, text: string, expires: number | null): void;
  remove(namespace: string, key: string): void;
  scan(namespace: string, range: ScanRange): (readonly [key: string, text: string])[];
  /** Deletes at most `limit` entries that are over; returns how many it deleted. */
  purge(now: number, limit: number): number;
  /** Runs the step at once; the promise settles when what it saw and wrote is durable. */
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

  async get<T extends Json>(key: string): Promise<T | undefined> {
    checkKey(key);
    return this.#table.perform('read', () => this.#read<T>(key));
  }

  async set(key: string, value: Json, options?: KeepOptions): Promise<void> {
    checkKey(key);
    const text = encodeValue(key, value);
    const expires = this.#expires(options);
    return this.#table.perform('write', () => this.#table.write(this.#path, key, text, expires));
  }

  async setIfAbsent(key: string, value: Json, options?: KeepOptions): Promise<boolean> {
    checkKey(key);
    const text = encodeValue(key, value);
    const expires = this.#expires(options);
    return this.#table.perform('write', () => {
      if (this.#text(key) !== undefined) return false;
      this.#table.write(this.#path, key, text, expires);
      return true;
    });
  }

  async take<T extends Json>(key: string): Promise<T | undefined> {
    checkKey(key);
    return this.#table.perform('write', () => {
      const value = this.#read<T>(key);
      if (value !== undefined) this.#table.remove(this.#path, key);
      return value;
    });
  }

  async delete(key: string): Promise<boolean> {
    checkKey(key);
    return this.#table.perform('write', () => {
      const present = this.#text(key) !== undefined;
      if (present) this.#table.remove(this.#path, key);
      return present;
    });
  }

  async update<T extends Json>(
    key: string,
    change: (current: T | undefined) => T | undefined,
    options?: KeepOptions,
  ): Promise<T | undefined> {
    checkKey(key);
    const expires = this.#expires(options);
    return this.#table.perform('write', () => {
      const next = change(this.#read<T>(key));
      if (next === undefined) this.#table.remove(this.#path, key);
      else this.#table.write(this.#path, key, encodeValue(key, next), expires);
      return next;
    });
  }

  async scan<T extends Json>(
    prefix: string,
    options: ScanOptions = {},
  ): Promise<(readonly [string, T])[]> {
    const { after = '', limit = 1000 } = options;
    checkText(prefix);
    checkText(after);
    const range: ScanRange = {
      prefix,
      after,
      limit: Math.min(Math.max(0, Math.trunc(limit)), maxScanLimit),
      now: this.#clock.now(),
    };
    return this.#table.perform('read', () =>
      this.#table
        .scan(this.#path, range)
        .map(([key, text]) => [key, JSON.parse(text) as T] as const),
    );
  }

  namespace(name: string): Store {
    return new KeyedStore(this.#table, this.#clock, joinNamespace(this.#path, name));
  }

  #text(key: string): string | undefined {
    return this.#table.read(this.#path, key, this.#clock.now());
  }

  #read<T extends Json>(key: string): T | undefined {
    const text = this.#text(key);
    return text === undefined ? undefined : (JSON.parse(text) as T);
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
      const deleted = await table.perform('write', () => table.purge(clock.now(), purgeBatch));
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
