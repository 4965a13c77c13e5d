import type { Clock } from '../clock.js';
import { ServerError } from '../errors.js';
import { compareKeys } from './key-order.js';
import { KeyedStore, type KeyedTable, purgeRegularly, type ScanRange } from './keyed-store.js';
import type { StoreDriver } from './store.js';

interface Entry {
  readonly text: string;
  readonly expires: number | null;
}

/** Keeps everything in this process; nothing outlives it. For tests and for servers that need no memory. */
export class MemoryStore extends KeyedStore implements StoreDriver {
  readonly name = 'memory';
  readonly #table: MemoryTable;
  readonly #endPurge: () => void;

  constructor(clock: Clock) {
    const table = new MemoryTable();
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

/** Values are kept as text, so that nobody can change what another one reads. */
class MemoryTable implements KeyedTable {
  closed = false;
  readonly #namespaces = new Map<string, Map<string, Entry>>();
  /** Sorted keys of a namespace since its last change of keys; scans build them. */
  readonly #sorted = new Map<string, string[]>();

  get size(): number {
    let size = 0;
    for (const entries of this.#namespaces.values()) size += entries.size;
    return size;
  }

  read(namespace: string, key: string, now: number): string | undefined {
    const entry = this.#namespaces.get(namespace)?.get(key);
    return entry !== undefined && isVisible(entry, now) ? entry.text : undefined;
  }

  write(namespace: string, key: string, text: string, expires: number | null): void {
    let entries = this.#namespaces.get(namespace);
    if (entries === undefined) {
      entries = new Map();
      this.#namespaces.set(namespace, entries);
    }
    if (!entries.has(key)) this.#sorted.delete(namespace);
    entries.set(key, { text, expires });
  }

  remove(namespace: string, key: string): void {
    const entries = this.#namespaces.get(namespace);
    if (entries?.delete(key) !== true) return;
    this.#sorted.delete(namespace);
    if (entries.size === 0) this.#namespaces.delete(namespace);
  }

  scan(namespace: string, { prefix, after, limit, now }: ScanRange): [string, string][] {
    const entries = this.#namespaces.get(namespace);
    const found: [string, string][] = [];
    if (entries === undefined) return found;
    const keys = this.#sortedKeys(namespace, entries);
    const from =
      compareKeys(after, prefix) >= 0 ? firstAfter(keys, after) : firstFrom(keys, prefix);
    for (let i = from; i < keys.length && found.length < limit; i++) {
      const key = keys[i] as string;
      if (!key.startsWith(prefix)) break;
      const entry = entries.get(key);
      if (entry !== undefined && isVisible(entry, now)) found.push([key, entry.text]);
    }
    return found;
  }

  purge(now: number, limit: number): number {
    let deleted = 0;
    for (const [namespace, entries] of this.#namespaces) {
      for (const [key, entry] of entries) {
        if (isVisible(entry, now)) continue;
        if (deleted === limit) return deleted;
        this.remove(namespace, key);
        deleted++;
      }
    }
    return deleted;
  }

  async perform<T>(_kind: 'read' | 'write', step: () => T): Promise<T> {
    if (this.closed) throw new ServerError('STORE_CLOSED', 'the memory store is closed');
    return step();
  }

  close(): void {
    this.closed = true;
    this.#namespaces.clear();
    this.#sorted.clear();
  }

  #sortedKeys(namespace: string, entries: ReadonlyMap<string, Entry>): string[] {
    let keys = this.#sorted.get(namespace);
    if (keys === undefined) {
      keys = [...entries.keys()].sort(compareKeys);
      this.#sorted.set(namespace, keys);
    }
    return keys;
  }
}

const isVisible = (entry: Entry, now: number): boolean =>
  entry.expires === null || entry.expires > now;

const firstFrom = (keys: readonly string[], key: string): number =>
  firstWhere(keys, (other) => compareKeys(other, key) >= 0);
const firstAfter = (keys: readonly string[], key: string): number =>
  firstWhere(keys, (other) => compareKeys(other, key) > 0);

function firstWhere(keys: readonly string[], holds: (key: string) => boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(keys[middle] as string)) high = middle;
    else low = middle + 1;
  }
  return low;
}
