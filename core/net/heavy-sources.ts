import { PeerAddress } from './peer-address.js';

const WAYS = 4;

/** One source and about how many datagrams it sent lately. */
export interface HeavySource {
  readonly host: string;
  readonly datagrams: number;
}

/**
 * The addresses that send the most, in a table of fixed size: a newcomer takes the place of the lightest
 * of its set and inherits its count, so heavy ones stay and memory does not grow (space-saving).
 */
export class HeavySources {
  readonly #words: Int32Array;
  readonly #counts: Float64Array;
  readonly #mask: number;

  /** `size` is a power of two. */
  constructor(size = 256) {
    this.#mask = size / WAYS - 1;
    this.#words = new Int32Array(size * 4);
    this.#counts = new Float64Array(size);
  }

  count(from: PeerAddress): void {
    const { a, b, c, d } = from;
    const words = this.#words;
    // No secret is needed: whoever aims at one set only spoils a statistic.
    const hash = Math.imul(d ^ Math.imul(a ^ b ^ c, 0x85ebca6b), 0x9e3779b1) >>> 0;
    const base = ((hash >>> 16) & this.#mask) * WAYS;
    let lightest = base;
    for (let i = base; i < base + WAYS; i++) {
      const at = i * 4;
      if (words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a) {
        this.#counts[i] = (this.#counts[i] as number) + 1;
        return;
      }
      if ((this.#counts[i] as number) < (this.#counts[lightest] as number)) lightest = i;
    }
    const at = lightest * 4;
    words[at] = a;
    words[at + 1] = b;
    words[at + 2] = c;
    words[at + 3] = d;
    this.#counts[lightest] = (this.#counts[lightest] as number) + 1;
  }

  /** Halves all counts; called each minute, so that the past fades. */
  fade(): void {
    for (let i = 0; i < this.#counts.length; i++) {
      this.#counts[i] = Math.floor((this.#counts[i] as number) / 2);
    }
  }

  top(limit: number): HeavySource[] {
    const order = [...this.#counts.keys()]
      .filter((i) => (this.#counts[i] as number) > 0)
      .sort((one, other) => (this.#counts[other] as number) - (this.#counts[one] as number));
    return order.slice(0, limit).map((i) => {
      const at = i * 4;
      const [a = 0, b = 0, c = 0, d = 0] = this.#words.subarray(at, at + 4);
      return {
        host: new PeerAddress().set(a, b, c, d, 0).host,
        datagrams: this.#counts[i] as number,
      };
    });
  }
}
