/**
 * SipHash-2-4 (Aumasson and Bernstein) on 32-bit halves, without BigInt and without a Buffer: `hash` gives the low
 * 32 bits, `high` keeps the others. The message is given as signed 32-bit little-endian words; the length byte of
 * the original covers them.
 */
export class SipHash {
  /** High half of the last result, when 64 bits are wanted. */
  high = 0;

  /** `key` holds 4 words (128 bits, little-endian); `words` an even number of them. */
  hash(key: Int32Array, words: Int32Array, count = words.length): number {
    const k0l = key[0] as number;
    const k0h = key[1] as number;
    const k1l = key[2] as number;
    const k1h = key[3] as number;
    // All of the state in local variables: they stay in registers, fields would not.
    let v0l = k0l ^ 0x70736575;
    let v0h = k0h ^ 0x736f6d65;
    let v1l = k1l ^ 0x6e646f6d;
    let v1h = k1h ^ 0x646f7261;
    let v2l = k0l ^ 0x6e657261;
    let v2h = k0h ^ 0x6c796765;
    let v3l = k1l ^ 0x79746573;
    let v3h = k1h ^ 0x74656462;
    // The words, then the block with the length, then the last four rounds without a block.
    for (let i = 0; i <= count + 2; i += 2) {
      let blockLow = 0;
      let blockHigh = 0;
      let rounds = 2;
      if (i < count) {
        blockLow = words[i] as number;
        blockHigh = words[i + 1] as number;
      } else if (i === count) {
        blockHigh = (count * 4) << 24;
      } else {
        v2l ^= 0xff;
        rounds = 4;
      }
      v3l ^= blockLow;
      v3h ^= blockHigh;
      for (let round = 0; round < rounds; round++) {
        let low = (v0l + v1l) | 0;
        v0h = (v0h + v1h + carry(low, v1l)) | 0;
        v0l = low;
        low = (v1l << 13) | (v1h >>> 19);
        let high = (v1h << 13) | (v1l >>> 19);
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
      }
      v0l ^= blockLow;
      v0h ^= blockHigh;
    }
    this.high = v0h ^ v1h ^ v2h ^ v3h;
    return v0l ^ v1l ^ v2l ^ v3l;
  }
}

const carry = (sum: number, addend: number): number => (sum >>> 0 < addend >>> 0 ? 1 : 0);

/**
 * HalfSipHash-1-3 of four words, for tables in memory: a fraction of the cost of SipHash and keyed all the same,
 * so that nobody can aim at a slot. Not for anything that leaves this process.
 */
export const hashWords = (key: Int32Array, a: number, b: number, c: number, d: number): number => {
  let v0 = key[0] as number;
  let v1 = key[1] as number;
  let v2 = v0 ^ 0x6c796765;
  let v3 = v1 ^ 0x74656462;
  for (let i = 0; i < 8; i++) {
    const word = i === 0 ? a : i === 1 ? b : i === 2 ? c : i === 3 ? d : i === 4 ? 16 << 24 : 0;
    if (i === 5) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
};
