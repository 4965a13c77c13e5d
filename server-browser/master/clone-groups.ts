import { createHash, randomBytes } from 'node:crypto';
import { larger } from './address-columns.js';
import type { Registered } from './registration-table.js';
import { NONE } from './slots.js';

/** Addresses behind which the same server is believed. */
const mostAddresses = 3;

/**
 * Servers that say the same of themselves: name, map and players. Behind more than three addresses they are one
 * server to the reader of a list, and the oldest registration stands for all: not the one that said it first, since
 * whoever wants to hide a server can say beforehand what it is going to say. Groups are chains of slots, so that the
 * many that have one member cost next to nothing.
 */
export class CloneGroups {
  /** 48 bits of what is said, under a secret; 0 for a slot that is in no group. */
  #keys = new Float64Array(0);
  /** Neighbours in the group; its first member is the oldest. */
  #earlier = new Int32Array(0);
  #later = new Int32Array(0);
  readonly #firsts = new Map<number, number>();
  readonly #secret = randomBytes(16);

  constructor(
    /** The registration in a slot. */
    private readonly at: (slot: number) => Registered,
  ) {}

  /** Whether another server stands for this one. */
  hides({ slot }: Registered): boolean {
    const first = this.#firstOf(slot);
    return first !== NONE && first !== slot && this.#isLarge(first);
  }

  /** Says what a server looks like; the servers that this may have hidden or shown. */
  put(registration: Registered, name: string, map: string, players: number): Registered[] {
    const { slot } = registration;
    this.#reach(slot);
    const key = name === '' ? 0 : this.#keyOf(name, map, players);
    if (this.#keys[slot] === key) return [];
    const touched = this.remove(registration);
    if (key === 0) return touched;
    this.#keys[slot] = key;
    const first = this.#firsts.get(key);
    if (first === undefined) {
      this.#firsts.set(key, slot);
      touched.push(registration);
      return touched;
    }
    const wasLarge = this.#isLarge(first);
    const oldest = this.at(first);
    if (registration.firstSeen < oldest.firstSeen) {
      this.#link(slot, first);
      this.#firsts.set(key, slot);
    } else {
      this.#link(slot, this.#later[first] as number);
      this.#link(first, slot);
    }
    if (this.#isLarge(this.#firstOf(slot)) !== wasLarge) return touched.concat(this.#members(key));
    touched.push(oldest, registration);
    return touched;
  }

  /** The server is gone or not known any more; the others that this may have shown. */
  remove({ slot }: Registered): Registered[] {
    const key = this.#keys[slot] ?? 0;
    const first = this.#firstOf(slot);
    if (first === NONE) return [];
    const wasLarge = this.#isLarge(first);
    const before = this.#earlier[slot] as number;
    const behind = this.#later[slot] as number;
    this.#link(before, behind);
    this.#earlier[slot] = NONE;
    this.#later[slot] = NONE;
    this.#keys[slot] = 0;
    if (first === slot) {
      if (behind === NONE) {
        this.#firsts.delete(key);
        return [];
      }
      this.#promote(key, behind);
    }
    // Others change only when the group shrinks below the limit, or when the next one stands for it.
    const now = this.#firsts.get(key) as number;
    if (wasLarge !== this.#isLarge(now)) return this.#members(key);
    return now === first ? [] : [this.at(now)];
  }

  /** Puts the oldest of a chain first. */
  #promote(key: number, first: number): void {
    let oldest = first;
    for (let slot = first; slot !== NONE; slot = this.#later[slot] as number) {
      if (this.at(slot).firstSeen < this.at(oldest).firstSeen) oldest = slot;
    }
    if (oldest !== first) {
      this.#link(this.#earlier[oldest] as number, this.#later[oldest] as number);
      this.#earlier[oldest] = NONE;
      this.#link(oldest, first);
    }
    this.#firsts.set(key, oldest);
  }

  #link(before: number, behind: number): void {
    if (before !== NONE) this.#later[before] = behind;
    if (behind !== NONE) this.#earlier[behind] = before;
  }

  /** The oldest of the slot's group. */
  #firstOf(slot: number): number {
    const key = this.#keys[slot] ?? 0;
    return key === 0 ? NONE : (this.#firsts.get(key) ?? NONE);
  }

  #isLarge(first: number): boolean {
    const hosts: Registered['address'][] = [];
    for (let slot = first; slot !== NONE; slot = this.#later[slot] as number) {
      const { address } = this.at(slot);
      if (hosts.some((host) => host.sameHost(address))) continue;
      if (hosts.push(address) > mostAddresses) return true;
    }
    return false;
  }

  #members(key: number): Registered[] {
    const members: Registered[] = [];
    let slot = this.#firsts.get(key) ?? NONE;
    for (; slot !== NONE; slot = this.#later[slot] as number) members.push(this.at(slot));
    return members;
  }

  #keyOf(name: string, map: string, players: number): number {
    const hash = createHash('sha256').update(this.#secret);
    return (
      hash
        .update(JSON.stringify([name, map, players]))
        .digest()
        .readUIntBE(0, 6) || 1
    );
  }

  #reach(slot: number): void {
    const before = this.#keys.length;
    if (slot < before) return;
    const size = Math.max(64, 2 ** Math.ceil(Math.log2(slot + 1)));
    this.#keys = larger(this.#keys, new Float64Array(size));
    this.#earlier = larger(this.#earlier, new Int32Array(size).fill(NONE));
    this.#later = larger(this.#later, new Int32Array(size).fill(NONE));
  }
}
