import { MAX_DATA, MIN_DATA } from '../data-codec.js';

/** Bytes of a datagram that fits into one packet whole. */
export const MAX_WHOLE = MAX_DATA - MIN_DATA;
/** Bytes of the largest datagram, which travels in fragments. */
export const MAX_DATAGRAM = 4096;
const PART = MAX_WHOLE - 2;
const MAX_INCOMPLETE = 16;
const LIFE = 1000;

interface Incomplete {
  readonly parts: (Uint8Array | undefined)[];
  missing: number;
  readonly at: number;
}

/** Cuts datagrams that are too long for one packet, and joins those of the far agent. */
export class Fragments {
  #id = 0;
  readonly #incomplete = new Map<number, Incomplete>();

  /** Payloads with the fragment header; undefined past {@link MAX_DATAGRAM}. */
  cut(bytes: Uint8Array): readonly Uint8Array[] | undefined {
    if (bytes.length > MAX_DATAGRAM) return undefined;
    const count = Math.ceil(bytes.length / PART);
    this.#id = (this.#id + 1) & 255;
    return Array.from({ length: count }, (_, i) => {
      const slice = bytes.subarray(i * PART, (i + 1) * PART);
      const part = new Uint8Array(slice.length + 2);
      part[0] = this.#id;
      part[1] = (i << 4) | count;
      part.set(slice, 2);
      return part;
    });
  }

  /** The whole datagram when this was the last missing part. */
  join(bytes: Uint8Array, now: number): Uint8Array | undefined {
    const [id = 0, place = 0] = bytes;
    const index = place >> 4;
    const count = place & 15;
    if (bytes.length < 2 || count < 2 || count > 4 || index >= count) return undefined;
    let known = this.#incomplete.get(id);
    if (known === undefined || known.parts.length !== count || now - known.at > LIFE) {
      if (this.#incomplete.size >= MAX_INCOMPLETE) {
        this.#incomplete.delete(this.#incomplete.keys().next().value as number);
      }
      known = { parts: new Array(count).fill(undefined), missing: count, at: now };
      this.#incomplete.set(id, known);
    }
    if (known.parts[index] === undefined) known.missing--;
    known.parts[index] = new Uint8Array(bytes.subarray(2));
    if (known.missing > 0) return undefined;
    this.#incomplete.delete(id);
    return new Uint8Array(Buffer.concat(known.parts as Uint8Array[]));
  }

  sweep(now: number): void {
    for (const [id, { at }] of this.#incomplete) if (now - at > LIFE) this.#incomplete.delete(id);
  }
}
