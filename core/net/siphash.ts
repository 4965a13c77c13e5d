/**
 * SipHash-2-4 (Aumasson and Bernstein) on 32-bit halves, without BigInt and without a Buffer, truncated to
 * its low 32 bits. `message` is given as signed 32-bit little-endian words; the length byte of the
 * original covers them.
 */
export class SipHash {
  #v0l = 0;
  #v0h = 0;
  #v1l = 0;
  #v1h = 0;
  #v2l = 0;
  #v2h = 0;
  #v3l = 0;
  #v3h = 0;

  /** High half of the last result, when 64 bits are wanted. */
  high = 0;

  /** `key` holds 4 words (128 bits, little-endian); `words` an even number of them. */
  hash(key: Int32Array, words: Int32Array, count = words.length): number {
    const k0l = key[0] as number;
    const k0h = key[1] as number;
    const k1l = key[2] as number;
    const k1h = key[3] as number;
    this.#v0l = k0l ^ 0x70736575;
    this.#v0h = k0h ^ 0x736f6d65;
    this.#v1l = k1l ^ 0x6e646f6d;
    this.#v1h = k1h ^ 0x646f7261;
    this.#v2l = k0l ^ 0x6e657261;
    this.#v2h = k0h ^ 0x6c796765;
    this.#v3l = k1l ^ 0x79746573;
    this.#v3h = k1h ^ 0x74656462;
    for (let i = 0; i < count; i += 2) this.#block(words[i] as number, words[i + 1] as number);
    this.#block(0, (count * 4) << 24);
    this.#v2l ^= 0xff;
    for (let i = 0; i < 4; i++) this.#round();
    this.high = this.#v0h ^ this.#v1h ^ this.#v2h ^ this.#v3h;
    return this.#v0l ^ this.#v1l ^ this.#v2l ^ this.#v3l;
  }

  #block(low: number, high: number): void {
    this.#v3l ^= low;
    this.#v3h ^= high;
    this.#round();
    this.#round();
    this.#v0l ^= low;
    this.#v0h ^= high;
  }

  #round(): void {
    let v0l = this.#v0l;
    let v0h = this.#v0h;
    let v1l = this.#v1l;
    let v1h = this.#v1h;
    let v2l = this.#v2l;
    let v2h = this.#v2h;
    let v3l = this.#v3l;
    let v3h = this.#v3h;
    let low: number;
    let high: number;

    low = (v0l + v1l) | 0;
    v0h = (v0h + v1h + carry(low, v1l)) | 0;
    v0l = low;
    low = (v1l << 13) | (v1h >>> 19);
    high = (v1h << 13) | (v1l >>> 19);
    v1l = low ^ v0l;
    v1h = high ^ v0h;
    low = v0h;
    v0h = v0l;
    v0l = low;

    low = (v2l + v3l) | 0;
    v2h = (v2h + v3h + carry(low, v3l)) | 0;
    v2l = low;
    low = (v3l << 16) | (v3h >>> 16);
    high = (v3h << 16) | (v3l >>> 16);
    v3l = low ^ v2l;
    v3h = high ^ v2h;

    low = (v0l + v3l) | 0;
    v0h = (v0h + v3h + carry(low, v3l)) | 0;
    v0l = low;
    low = (v3l << 21) | (v3h >>> 11);
    high = (v3h << 21) | (v3l >>> 11);
    v3l = low ^ v0l;
    v3h = high ^ v0h;

    low = (v2l + v1l) | 0;
    v2h = (v2h + v1h + carry(low, v1l)) | 0;
    v2l = low;
    low = (v1l << 17) | (v1h >>> 15);
    high = (v1h << 17) | (v1l >>> 15);
    v1l = low ^ v2l;
    v1h = high ^ v2h;
    low = v2h;
    v2h = v2l;
    v2l = low;

    this.#v0l = v0l;
    this.#v0h = v0h;
    this.#v1l = v1l;
    this.#v1h = v1h;
    this.#v2l = v2l;
    this.#v2h = v2h;
    this.#v3l = v3l;
    this.#v3h = v3h;
  }
}

const carry = (sum: number, addend: number): number => (sum >>> 0 < addend >>> 0 ? 1 : 0);

const shared = new SipHash();
const four = new Int32Array(4);

/** The hash of four words: an address, or whatever else fits. */
export const hashWords = (key: Int32Array, a: number, b: number, c: number, d: number): number => {
  four[0] = a;
  four[1] = b;
  four[2] = c;
  four[3] = d;
  return shared.hash(key, four, 4);
};
