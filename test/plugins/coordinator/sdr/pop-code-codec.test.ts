import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodePopCode,
  encodePopCode,
  formatPopId,
} from '../../../../plugins/coordinator/sdr/pop-code-codec.js';
import { vectors } from '../vectors.js';

describe('POP codes', () => {
  for (const { code, id } of vectors.pop_codes) {
    it(`packs ${code} as ${id}`, () => {
      expect(encodePopCode(code)).to.equal(id);
      expect(decodePopCode(id)).to.equal(code);
    });
  }

  it('come back from any packed form', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{3,4}$/), (code) => {
        expect(decodePopCode(encodePopCode(code))).to.equal(code);
      }),
    );
  });

  it('refuses what is no code, in both directions', () => {
    for (const code of ['', 'ab', 'abcde', 'IAD', 'i d']) {
      expect(() => encodePopCode(code)).to.throw(RangeError);
    }
    fc.assert(
      fc.property(fc.nat(0xffffffff), (id) => {
        try {
          expect(encodePopCode(decodePopCode(id))).to.equal(id);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }),
    );
    expect(formatPopId(7)).to.equal('#7');
  });
});
