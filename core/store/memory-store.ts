import type { Clock } from '../clock.js';
import { ServerError } from '../errors.js';
import { copyJson, jsonOf } from './json-copy.js';
import { compareKeys, compareUnits, havePlainOrder } from './key-order.js';
import { KeyedStore, type KeyedTable, purgeRegularly, type ScanRange } from './keyed-store.js';
import type { Json, StoreDriver } from './store.js';

interface Entry {
  readonly value: Json;
  readonly expires: number | null;
}

interface SortedKeys {
  readonly keys: readonly string[];
  readonly compare: (one: string, other: string) => number;
}

/** Keeps everything in this process; nothing outlives it. For tests and for servers that need no memory. */
export class MemoryStore extends KeyedStore implements StoreDriver {
  readonly name = 'memory';
  readonly #table: MemoryTable;
  readonly #endPurge: () => void;

  constructor(clock: Clock) {
    const table = new MemoryTable(clock);
    super(table, clock);
    this.#table = table;
    this.#endPurge = purgeRegularly(table, clock, () => {});
  }

  /** Entries held, those that are over included. */
  get size(): number {
    return this.#table.size;
  }

  health(): string | undefined {
    return this.#table.closed ? 'the store is closed' : undefined;
  }

  async close(): Promise<void> {
    this.#endPurge();
    this.#table.close();
  }
}

/** Values are copied on their way in and out. */
class MemoryTable implements KeyedTable {
  closed = false;
  readonly #namespaces = new Map<string, Map<string, Entry>>();
  /** Sorted keys of a namespace since its last change of keys; scans build them. */
  readonly #sorted = new Map<string, SortedKeys>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    let size = 0;
    for (const entries of this.#namespaces.values()) size += entries.size;
    return size;
  }

  read(namespace: string, key: string): Json | undefined {
    const entry = this.#namespaces.get(namespace)?.get(key);
    return entry !== undefined && isVisible(entry, this.clock) ? copyJson(entry.value) : undefined;
  }

  write(namespace: string, key: string, value: Json, expires: number | null): void {
    const kept = jsonOf(key, value);
    let entries = this.#namespaces.get(namespace);
    if (entries === undefined) {
      entries = new Map();
      this.#namespaces.set(namespace, entries);
    }
    if (!entries.has(key)) this.#sorted.delete(namespace);
    entries.set(key, { value: kept, expires });
  }

  remove(namespace: string, key: string): void {
    const entries = this.#namespaces.get(namespace);
    if (entries?.delete(key) !== true) return;
    this.#sorted.delete(namespace);
    if (entries.size === 0) this.#namespaces.delete(namespace);
  }

  scan(namespace: string, { prefix, after, limit }: ScanRange): [string, Json][] {
    const entries = this.#namespaces.get(namespace);
    const found: [string, Json][] = [];
    if (entries === undefined) return found;
    const sorted = this.#sortedKeys(namespace, entries);
    const { keys } = sorted;
    const from =
      compareKeys(after, prefix) >= 0
        ? firstAtLeast(sorted, after, 1)
        : firstAtLeast(sorted, prefix, 0);
    for (let i = from; i < keys.length && found.length < limit; i++) {
      const key = keys[i] as string;
      if (!key.startsWith(prefix)) break;
      const entry = entries.get(key);
      if (entry !== undefined && isVisible(entry, this.clock))
        found.push([key, copyJson(entry.value)]);
    }
    return found;
  }

  purge(limit: number): number {
    let deleted = 0;
    for (const [namespace, entries] of this.#namespaces) {
      for (const [key, entry] of entries) {
        if (isVisible(entry, this.clock)) continue;
        if (deleted === limit) return deleted;
        this.remove(namespace, key);
        deleted++;
      }
    }
    return deleted;
  }

  perform<T>(_kind: 'read' | 'write', step: () => T): Promise<T> {
    try {
      if (this.closed) throw new ServerError('STORE_CLOSED', 'the memory store is closed');
      return Promise.resolve(step());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close(): void {
    this.closed = true;
    this.#namespaces.clear();
    this.#sorted.clear();
  }

  #sortedKeys(namespace: string, entries: ReadonlyMap<string, Entry>): SortedKeys {
    let sorted = this.#sorted.get(namespace);
    if (sorted === undefined) {
      const keys = [...entries.keys()];
      const compare = havePlainOrder(keys) ? compareUnits : compareKeys;
      sorted = { keys: keys.sort(compare), compare };
      this.#sorted.set(namespace, sorted);
    }
    return sorted;
  }
}

const isVisible = (entry: Entry, clock: Clock): boolean =>
  entry.expires === null || entry.expires > clock.now();

/** Index of the first key that compares with this one as at least 0, which is it or greater, or 1, which is greater. */
function firstAtLeast({ keys, compare }: SortedKeys, key: string, least: 0 | 1): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(keys[middle] as string, key) >= least) high = middle;
    else low = middle + 1;
  }
  return low;
}
