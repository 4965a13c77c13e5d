import { larger } from './address-columns.js';
import { NONE } from './slots.js';

/** What is known of registrations beside what they say, by slot: a typed array for each field. */
export class StandingColumns {
  /** Players that the last join claimed. */
  claimed = new Uint8Array(0);
  /** Players that INFO told; -1 for a server that has not answered. */
  answered = new Int16Array(0);
  /** Monotonic milliseconds of the last answer. */
  verifiedAt = new Float64Array(0);
  /** Somebody said that it shuts down, and it has not answered since. */
  isLeaving = new Uint8Array(0);
  /** Monotonic milliseconds until which nobody is believed who says so. */
  shutdownsIgnoredUntil = new Float64Array(0);

  /** Makes room for a slot. */
  reach(slot: number): void {
    const before = this.claimed.length;
    if (slot < before) return;
    const size = Math.max(64, 2 ** Math.ceil(Math.log2(slot + 1)));
    this.claimed = larger(this.claimed, new Uint8Array(size));
    this.answered = larger(this.answered, new Int16Array(size));
    this.verifiedAt = larger(this.verifiedAt, new Float64Array(size));
    this.isLeaving = larger(this.isLeaving, new Uint8Array(size));
    this.shutdownsIgnoredUntil = larger(this.shutdownsIgnoredUntil, new Float64Array(size));
    for (let added = before; added < size; added++) this.clear(added);
  }

  /** As of a server that nobody knows. */
  clear(slot: number): void {
    this.claimed[slot] = 0;
    this.answered[slot] = NONE;
    this.verifiedAt[slot] = Number.NEGATIVE_INFINITY;
    this.isLeaving[slot] = 0;
    this.shutdownsIgnoredUntil[slot] = Number.NEGATIVE_INFINITY;
  }
}
