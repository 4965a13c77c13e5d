import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { PeerAddress } from './peer-address.js';
import { hashWords } from './siphash.js';

/** How much of something each address may have. */
export interface RateLimitOptions {
  readonly perSecond: number;
  /** What may be taken at once; default one second's worth, at least 1. */
  readonly burst?: number;
  /** Buckets kept; the oldest of a set makes room. Default 65,536 (a power of two). */
  readonly size?: number;
}

const WAYS = 8;

/**
 * Token buckets in typed arrays of a fixed size (8-way sets over a keyed hash), so that no number of
 * addresses makes it grow. A stranger who fills a set can at most give others a full bucket again.
 */
class BucketTable {
  readonly #keys: Int32Array;
  readonly #tokens: Float64Array;
  readonly #at: Float64Array;
  readonly #sets: number;
  readonly #perMs: number;
  readonly #burst: number;
  readonly #secret = new Int32Array(4);

  constructor(options: RateLimitOptions) {
    const size = options.size ?? 65536;
    this.#sets = size / WAYS;
    this.#keys = new Int32Array(size * 4);
    this.#at = new Float64Array(size).fill(Number.MIN_SAFE_INTEGER);
    this.#perMs = options.perSecond / 1000;
    this.#burst = options.burst ?? Math.max(1, options.perSecond);
    this.#tokens = new Float64Array(size).fill(this.#burst);
    const random = randomBytes(16);
    for (let i = 0; i < 4; i++) this.#secret[i] = random.readInt32LE(i * 4);
  }

  take(a: number, b: number, c: number, d: number, now: number, count: number): boolean {
    const slot = this.#slotOf(a, b, c, d, now);
    const tokens = this.#refilled(slot, now);
    if (tokens < count) return false;
    this.#tokens[slot] = tokens - count;
    return true;
  }

  /** Whether `take` would say yes; it takes nothing. */
  has(a: number, b: number, c: number, d: number, now: number, count: number): boolean {
    return this.#refilled(this.#slotOf(a, b, c, d, now), now) >= count;
  }

  #slotOf(a: number, b: number, c: number, d: number, now: number): number {
    const base = ((hashWords(this.#secret, a, b, c, d) >>> 0) % this.#sets) * WAYS;
    const keys = this.#keys;
    let slot = base;
    for (let i = base; i < base + WAYS; i++) {
      const at = i * 4;
      if (keys[at + 3] === d && keys[at + 2] === c && keys[at + 1] === b && keys[at] === a) {
        return i;
      }
      if ((this.#at[i] as number) < (this.#at[slot] as number)) slot = i;
    }
    keys[slot * 4] = a;
    keys[slot * 4 + 1] = b;
    keys[slot * 4 + 2] = c;
    keys[slot * 4 + 3] = d;
    this.#tokens[slot] = this.#burst;
    this.#at[slot] = now;
    return slot;
  }

  #refilled(slot: number, now: number): number {
    const elapsed = now - (this.#at[slot] as number);
    const tokens = Math.min(this.#burst, (this.#tokens[slot] as number) + elapsed * this.#perMs);
    this.#at[slot] = now;
    this.#tokens[slot] = tokens;
    return tokens;
  }
}

/** A token bucket for each IPv4 address and each IPv6 /64, of which one party holds every address. */
export class AddressLimit {
  readonly #table: BucketTable;
  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    options: RateLimitOptions,
  ) {
    this.#table = new BucketTable(options);
  }
  take(address: PeerAddress, count = 1): boolean {
    const { a, b, c, d } = address;
    const now = this.clock.monotonic();
    return address.isIPv4
      ? this.#table.take(a, b, c, d, now, count)
      : this.#table.take(a, b, 0, 0, now, count);
  }

  /** Whether `take` would say yes; it takes nothing. */
  has(address: PeerAddress, count = 1): boolean {
    const { a, b, c, d } = address;
    const now = this.clock.monotonic();
    return address.isIPv4
      ? this.#table.has(a, b, c, d, now, count)
      : this.#table.has(a, b, 0, 0, now, count);
  }
}

/** A token bucket for each IPv4 /24 or IPv6 /48: what one party usually holds. */
export class PrefixLimit {
  readonly #table: BucketTable;
  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    options: RateLimitOptions,
  ) {
    this.#table = new BucketTable(options);
  }
  take(address: PeerAddress, count = 1): boolean {
    const now = this.clock.monotonic();
    return address.isIPv4
      ? this.#table.take(0, 0, 0xffff, address.d & 0xffffff00, now, count)
      : this.#table.take(address.a, address.b & 0xffff0000, 0, 0, now, count);
  }
}

/** One token bucket for everything. */
export class GlobalLimit {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;
  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    options: Pick<RateLimitOptions, 'perSecond' | 'burst'>,
  ) {
    this.#perMs = options.perSecond / 1000;
    this.#burst = options.burst ?? Math.max(1, options.perSecond);
    this.#tokens = this.#burst;
    this.#at = clock.monotonic();
  }
  take(count = 1): boolean {
    const now = this.clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}
