import type { PeerAddress } from 'beaconry';

/** Pieces are split at this length; a short one is cheap to insert into. */
const longestPiece = 512;

export interface Addressed {
  readonly address: PeerAddress;
}

/**
 * Items in order of address (unsigned) and port, as a list of short sorted pieces: finding is a binary
 * search, coming and going moves at most one piece's items, and no key is ever made into text.
 */
export class OrderedAddresses<T extends Addressed> {
  readonly #pieces: T[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(address: PeerAddress): T | undefined {
    const piece = this.#pieces[this.#pieceOf(address)];
    const item = piece?.[lowerBound(piece, address)];
    return item?.address.equals(address) ? item : undefined;
  }

  /** The address must not be in the list yet. */
  insert(item: T): void {
    const at = this.#pieceOf(item.address);
    const piece = this.#pieces[at];
    this.#size++;
    if (piece === undefined) {
      this.#pieces.push([item]);
      return;
    }
    piece.splice(lowerBound(piece, item.address), 0, item);
    if (piece.length > longestPiece) this.#pieces.splice(at + 1, 0, piece.splice(piece.length / 2));
  }

  remove(address: PeerAddress): T | undefined {
    const at = this.#pieceOf(address);
    const piece = this.#pieces[at];
    if (piece === undefined) return undefined;
    const index = lowerBound(piece, address);
    const item = piece[index];
    if (!item?.address.equals(address)) return undefined;
    piece.splice(index, 1);
    if (piece.length === 0) this.#pieces.splice(at, 1);
    this.#size--;
    return item;
  }

  /** Visits in order the items greater than `after`, until the visitor says false. */
  scan(after: PeerAddress | undefined, visit: (item: T) => boolean): void {
    let at = after === undefined ? 0 : this.#pieceOf(after);
    let index = 0;
    const first = this.#pieces[at];
    if (after !== undefined && first !== undefined) {
      index = lowerBound(first, after);
      if (first[index]?.address.equals(after)) index++;
    }
    for (; at < this.#pieces.length; at++) {
      const piece = this.#pieces[at] as T[];
      for (; index < piece.length; index++) if (!visit(piece[index] as T)) return;
      index = 0;
    }
  }

  /** How many items lie from `low` to `high`, both included. */
  countBetween(low: PeerAddress, high: PeerAddress): number {
    const from = this.#pieceOf(low);
    const to = this.#pieceOf(high);
    const last = this.#pieces[to];
    if (last === undefined) return 0;
    const end = lowerBound(last, high);
    let count = end + (last[end]?.address.equals(high) ? 1 : 0);
    for (let at = from; at < to; at++) count += (this.#pieces[at] as T[]).length;
    return count - lowerBound(this.#pieces[from] as T[], low);
  }

  /** The piece that holds the address or would take it: the last one that begins at or before it. */
  #pieceOf(address: PeerAddress): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [first] = this.#pieces[middle] as [T];
      if (compareAddresses(first.address, address) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** Negative, 0 or positive: by address as unsigned numbers, then by port. */
export const compareAddresses = (one: PeerAddress, other: PeerAddress): number => {
  if (one.a !== other.a) return (one.a >>> 0) - (other.a >>> 0);
  if (one.b !== other.b) return (one.b >>> 0) - (other.b >>> 0);
  if (one.c !== other.c) return (one.c >>> 0) - (other.c >>> 0);
  if (one.d !== other.d) return (one.d >>> 0) - (other.d >>> 0);
  return one.port - other.port;
};

/** Index of the first item that is not below the address. */
const lowerBound = (items: readonly Addressed[], address: PeerAddress): number => {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareAddresses((items[middle] as Addressed).address, address) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};
