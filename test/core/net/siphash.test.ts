import { SipHash } from 'beaconry';
import { expect } from 'chai';

const key = new Int32Array([0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c]);

describe('SipHash', () => {
  // The reference's vectors for the inputs 00 01 02 … of 8 and 16 bytes.
  it('gives the published value for 8 bytes', () => {
    const siphash = new SipHash();
    const low = siphash.hash(key, new Int32Array([0x03020100, 0x07060504]));
    expect([siphash.high >>> 0, low >>> 0]).to.deep.equal([0x93f5f579, 0x9a932462]);
  });

  it('gives the published value for 16 bytes', () => {
    const siphash = new SipHash();
    const low = siphash.hash(key, key);
    expect([siphash.high >>> 0, low >>> 0]).to.deep.equal([0x3f2acc7f, 0x57c29bdb]);
  });
});
