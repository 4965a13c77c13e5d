import { readFileSync } from 'node:fs';
import { DecodeError } from 'beaconry';
import { parseHex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodePeerPosition,
  encodePeerPosition,
  type PeerPosition,
} from '../../../plugins/rally/peer-position-codec.js';

const known = parseHex(readFileSync('fixtures/packets/rally-peer-position.hex', 'utf8'));
const position: PeerPosition = {
  ...{ stage: 3, time: 0x12345678, metres: 1232, x: 100, y: -200 },
  speed: 3000,
};
const f32 = fc.float({ noNaN: true, noDefaultInfinity: true }).filter((f) => !Object.is(f, -0));
const u16 = fc.integer({ min: 0, max: 0xffff });

describe('position between drivers', () => {
  it('has the bytes of the specification', () => {
    expect(Buffer.from(encodePeerPosition(position)).toString('hex')).equal(
      Buffer.from(known).toString('hex'),
    );
    expect(decodePeerPosition(known)).deep.equal(position);
  });

  it('comes back as it was, with the low bits of its time', () => {
    const time = fc.integer({ min: 0, max: 2 ** 45 });
    fc.assert(
      fc.property(u16, time, f32, f32, f32, u16, (stage, time, metres, x, y, speed) => {
        const bytes = encodePeerPosition({ stage, time, metres, x, y, speed });
        const low = time % 2 ** 32;
        expect(decodePeerPosition(bytes)).deep.equal({ stage, time: low, metres, x, y, speed });
      }),
    );
  });

  it('is refused cut at any length, with anything behind it, and in another form', () => {
    for (let length = 0; length < known.length; length++) {
      expect(() => decodePeerPosition(known.subarray(0, length))).throw(DecodeError);
    }
    expect(() => decodePeerPosition(Uint8Array.of(...known, 0))).throw(DecodeError);
    expect(() => decodePeerPosition(Uint8Array.of(2, ...known.subarray(1)))).throw(DecodeError);
  });

  it('is refused with a number that is none', () => {
    for (const offset of [7, 11, 15]) {
      for (const number of ['0000c07f', '0000807f', '000080ff']) {
        const changed = Buffer.from(known);
        changed.write(number, offset, 'hex');
        expect(() => decodePeerPosition(changed)).throw(DecodeError);
      }
    }
  });

  it('throws nothing but DecodeError for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 15, maxLength: 25 }), fc.boolean(), (bytes, own) => {
        if (own && bytes.length > 0) bytes[0] = 1;
        try {
          decodePeerPosition(bytes);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
        }
      }),
    );
  });
});
