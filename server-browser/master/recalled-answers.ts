import { type PeerAddress, type Reach, reachOf } from 'beaconry';

/** A power of two. */
const slots = 256;

/** An answer and everything that it depends on. */
interface Recalled<T> {
  readonly request: Uint8Array;
  readonly version: number;
  readonly ipv4: boolean;
  readonly reach: Reach;
  readonly answer: T;
}

/** The last answers by the bytes of their requests, in memory of fixed size. */
export class RecalledAnswers<T> {
  readonly #slots: (Recalled<T> | undefined)[] = new Array(slots).fill(undefined);

  /** What was kept for the same request of somebody who sees the same, when the list had this version. */
  find(from: PeerAddress, request: Uint8Array, version: number): T | undefined {
    const known = this.#slots[slotOf(request)];
    if (
      known === undefined ||
      known.version !== version ||
      known.ipv4 !== from.isIPv4 ||
      !sameBytes(known.request, request) ||
      known.reach !== reachOf(from)
    ) {
      return undefined;
    }
    return known.answer;
  }

  keep(from: PeerAddress, request: Uint8Array, version: number, answer: T): void {
    this.#slots[slotOf(request)] = {
      request: new Uint8Array(request),
      version,
      ipv4: from.isIPv4,
      reach: reachOf(from),
      answer,
    };
  }
}

/** Whoever aims at a slot only makes others be answered the longer way. */
const slotOf = (request: Uint8Array): number => {
  let hash = request.length;
  for (let i = 0; i < request.length; i++)
    hash = Math.imul(hash ^ (request[i] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) & (slots - 1);
};

const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
};
