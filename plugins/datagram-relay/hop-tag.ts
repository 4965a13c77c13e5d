/**
 * SipHash-2-4 over an even number of 32-bit words: the tag of every hop (R1, "Data"). `low` and `high` hold the last
 * result; nothing is allocated. It stands beside the SipHash of core because the keys of all legs lie in one array:
 * they are read at an offset, where a view of each would be made for every datagram.
 */
export class HopTag {
  low = 0;
  high = 0;

  /** `keys` holds 4 words from `at` on. */
  of(keys: Int32Array, at: number, words: Int32Array, count: number): void {
    const k0l = keys[at] as number;
    const k0h = keys[at + 1] as number;
    const k1l = keys[at + 2] as number;
    const k1h = keys[at + 3] as number;
    let v0l = k0l ^ 0x70736575;
    let v0h = k0h ^ 0x736f6d65;
    let v1l = k1l ^ 0x6e646f6d;
    let v1h = k1h ^ 0x646f7261;
    let v2l = k0l ^ 0x6e657261;
    let v2h = k0h ^ 0x6c796765;
    let v3l = k1l ^ 0x79746573;
    let v3h = k1h ^ 0x74656462;
    // One pair of words a turn, then the length, then the end.
    for (let i = 0; i <= count + 2; i += 2) {
      let ml = 0;
      let mh = 0;
      let rounds = 2;
      if (i < count) {
        ml = words[i] as number;
        mh = words[i + 1] as number;
      } else if (i === count) {
        mh = (count * 4) << 24;
      } else {
        v2l ^= 0xff;
        rounds = 4;
      }
      v3l ^= ml;
      v3h ^= mh;
      for (; rounds > 0; rounds--) {
        let l = (v0l + v1l) | 0;
        v0h = (v0h + v1h + (l >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
        v0l = l;
        l = (v1l << 13) | (v1h >>> 19);
        v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
        v1l = l ^ v0l;
        l = v0h;
        v0h = v0l;
        v0l = l;

        l = (v2l + v3l) | 0;
        v2h = (v2h + v3h + (l >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
        v2l = l;
        l = (v3l << 16) | (v3h >>> 16);
        v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
        v3l = l ^ v2l;

        l = (v0l + v3l) | 0;
        v0h = (v0h + v3h + (l >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
        v0l = l;
        l = (v3l << 21) | (v3h >>> 11);
        v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
        v3l = l ^ v0l;

        l = (v2l + v1l) | 0;
        v2h = (v2h + v1h + (l >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
        v2l = l;
        l = (v1l << 17) | (v1h >>> 15);
        v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
        v1l = l ^ v2l;
        l = v2h;
        v2h = v2l;
        v2l = l;
      }
      v0l ^= ml;
      v0h ^= mh;
    }
    this.low = v0l ^ v1l ^ v2l ^ v3l;
    this.high = v0h ^ v1h ^ v2h ^ v3h;
  }
}
