/** What the store keeps: plain JSON. 64-bit ids travel as decimal strings. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** How long an entry of the store lives. */
export interface KeepOptions {
  /** Milliseconds until the entry is gone; without it it stays, also when the entry had a time before. */
  readonly ttl?: number;
}

/** Which part of the keys a scan gives. */
export interface ScanOptions {
  /** Only keys greater than this one. */
  readonly after?: string;
  /** At most so many entries; default 1000. */
  readonly limit?: number;
}

/**
 * Keys with values in a namespace of their own; each plugin has one. A promise that resolved is a write
 * that survives the death of the process. Keys sort by code point, which is the order of their UTF-8 bytes.
 * A key has 1 to 512 characters, its value at most 1 MiB of JSON; anything else is refused with a ServerError.
 */
export interface Store {
  get<T extends Json>(key: string): Promise<T | undefined>;
  set(key: string, value: Json, options?: KeepOptions): Promise<void>;
  /** True when the key was absent and is now set; of many callers exactly one gets true. */
  setIfAbsent(key: string, value: Json, options?: KeepOptions): Promise<boolean>;
  /** Gets and deletes in one step; of many callers exactly one gets the value. */
  take<T extends Json>(key: string): Promise<T | undefined>;
  delete(key: string): Promise<boolean>;
  /**
   * Compare and set: `change` gets the current value and returns the next one, or undefined to delete.
   * It may be called again when another node was quicker, so it must have no effect of its own.
   */
  update<T extends Json>(
    key: string,
    change: (current: T | undefined) => T | undefined,
    options?: KeepOptions,
  ): Promise<T | undefined>;
  /** Entries whose key begins with the prefix, in order of keys. */
  scan<T extends Json>(prefix: string, options?: ScanOptions): Promise<(readonly [string, T])[]>;
  /** A part of this store, whose keys never meet others'; the name has no `/`. */
  namespace(name: string): Store;
}

/** A store with its life: opened once per process by the host. */
export interface StoreDriver extends Store {
  readonly name: 'memory' | 'sqlite' | 'redis';
  /** Undefined when healthy, else the reason, for `/readyz`. */
  health(): string | undefined;
  close(): Promise<void>;
}
