import { PeerAddress } from 'beaconry';
import type { AddressColumns } from './address-columns.js';

/** Pieces are split at this length; a short one is cheap to insert into. */
const longestPiece = 512;
const firstLength = 8;
/** Where addresses are read to, for a moment. */
const scratch = new PeerAddress();

/** Slots in the order of their addresses. */
interface Piece {
  slots: Int32Array;
  count: number;
}

/**
 * Slots in order of address (unsigned) and port, as a list of short sorted pieces: finding is a binary search, coming
 * and going moves at most one piece's slots, and no key is ever made into text.
 */
export class OrderedAddresses {
  readonly #pieces: Piece[] = [];
  #size = 0;

  constructor(private readonly addresses: AddressColumns) {}

  get size(): number {
    return this.#size;
  }

  /** The address of the slot must not be in the list yet. */
  insert(slot: number): void {
    const address = this.addresses.read(slot, scratch);
    const at = this.#pieceOf(address);
    const piece = this.#pieces[at];
    this.#size++;
    if (piece === undefined) {
      const slots = new Int32Array(firstLength);
      slots[0] = slot;
      this.#pieces.push({ slots, count: 1 });
      return;
    }
    if (piece.count === piece.slots.length) {
      const slots = new Int32Array(piece.count * 2);
      slots.set(piece.slots);
      piece.slots = slots;
    }
    const index = this.#lowerBound(piece, address);
    piece.slots.copyWithin(index + 1, index, piece.count);
    piece.slots[index] = slot;
    if (++piece.count === longestPiece) this.#split(at, piece);
  }

  /** Whether it was in the list. */
  remove(slot: number): boolean {
    const address = this.addresses.read(slot, scratch);
    const at = this.#pieceOf(address);
    const piece = this.#pieces[at];
    if (piece === undefined) return false;
    const index = this.#lowerBound(piece, address);
    if (index === piece.count || piece.slots[index] !== slot) return false;
    piece.slots.copyWithin(index, index + 1, piece.count);
    if (--piece.count === 0) this.#pieces.splice(at, 1);
    this.#size--;
    return true;
  }

  /** Visits in order the slots whose address is greater than `after`, until the visitor says false. */
  scan(after: PeerAddress | undefined, visit: (slot: number) => boolean): void {
    let at = after === undefined ? 0 : this.#pieceOf(after);
    let index = 0;
    const first = this.#pieces[at];
    if (after !== undefined && first !== undefined) {
      index = this.#lowerBound(first, after);
      if (this.#isAt(first, index, after)) index++;
    }
    for (; at < this.#pieces.length; at++) {
      const { slots, count } = this.#pieces[at] as Piece;
      for (; index < count; index++) if (!visit(slots[index] as number)) return;
      index = 0;
    }
  }

  /** How many lie from `low` to `high`, both included. */
  countBetween(low: PeerAddress, high: PeerAddress): number {
    const from = this.#pieceOf(low);
    const to = this.#pieceOf(high);
    const last = this.#pieces[to];
    if (last === undefined) return 0;
    const end = this.#lowerBound(last, high);
    let count = end + (this.#isAt(last, end, high) ? 1 : 0);
    for (let at = from; at < to; at++) count += (this.#pieces[at] as Piece).count;
    return count - this.#lowerBound(this.#pieces[from] as Piece, low);
  }

  #isAt({ slots, count }: Piece, index: number, address: PeerAddress): boolean {
    return index < count && this.addresses.equals(slots[index] as number, address);
  }

  #split(at: number, piece: Piece): void {
    const half = longestPiece / 2;
    // Of the full length at once: arrays that grow again leave holes in memory.
    const slots = new Int32Array(longestPiece);
    slots.set(piece.slots.subarray(half));
    piece.count = half;
    this.#pieces.splice(at + 1, 0, { slots, count: half });
  }

  /** The piece that holds the address or would take it: the last one that begins at or before it. */
  #pieceOf(address: PeerAddress): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { slots } = this.#pieces[middle] as Piece;
      if (this.addresses.compare(slots[0] as number, address) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Index of the first slot whose address is not below. */
  #lowerBound({ slots, count }: Piece, address: PeerAddress): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.addresses.compare(slots[middle] as number, address) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
