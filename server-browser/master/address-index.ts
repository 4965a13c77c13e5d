import { randomBytes } from 'node:crypto';
import { hashWords, PeerAddress } from 'beaconry';
import type { AddressColumns } from './address-columns.js';

const EMPTY = -1;
const smallest = 64;
/** Where addresses are read to, for a moment. */
const scratch = new PeerAddress();

/**
 * Finds the slot of an address and port: a table of slots with open addressing, at most half full. The hash is keyed,
 * so that nobody can choose addresses that fall together.
 */
export class AddressIndex {
  #slots = new Int32Array(smallest).fill(EMPTY);
  #size = 0;
  readonly #key = new Int32Array(4);

  constructor(private readonly addresses: AddressColumns) {
    const random = randomBytes(16);
    for (let i = 0; i < 4; i++) this.#key[i] = random.readInt32LE(i * 4);
  }

  get size(): number {
    return this.#size;
  }

  /** -1 when there is none. */
  find(address: PeerAddress): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = this.#hash(address) & mask; ; at = (at + 1) & mask) {
      const slot = slots[at] as number;
      if (slot === EMPTY || this.addresses.equals(slot, address)) return slot;
    }
  }

  /** The address of the slot must not be in the index yet. */
  add(slot: number): void {
    if (++this.#size * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#put(slot);
  }

  remove(slot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#homeOf(slot) & mask;
    while (slots[hole] !== slot) hole = (hole + 1) & mask;
    // Those behind move up, unless they already stand as near to their home as they can.
    for (let at = (hole + 1) & mask; slots[at] !== EMPTY; at = (at + 1) & mask) {
      const home = this.#homeOf(slots[at] as number) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at] as number;
      hole = at;
    }
    slots[hole] = EMPTY;
    this.#size--;
  }

  #put(slot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#homeOf(slot) & mask;
    while (slots[at] !== EMPTY) at = (at + 1) & mask;
    slots[at] = slot;
  }

  #resize(length: number): void {
    const before = this.#slots;
    this.#slots = new Int32Array(length).fill(EMPTY);
    for (const slot of before) if (slot !== EMPTY) this.#put(slot);
  }

  #homeOf(slot: number): number {
    return this.#hash(this.addresses.read(slot, scratch));
  }

  /** The port goes into the word that is always 0 for IPv4 and the same for a whole network otherwise. */
  #hash({ a, b, c, d, port }: PeerAddress): number {
    return hashWords(this.#key, a ^ Math.imul(port, 0x9e3779b1), b, c, d);
  }
}
