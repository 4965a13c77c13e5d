import { expect } from 'chai';
import fc from 'fast-check';
import { PLAIN_MOST, plainEnd } from '../../../plugins/relay/plain-bytes.js';

/** The same, byte by byte. */
const firstOther = (bytes: Buffer, start: number, end: number): number => {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte >= 0x80 || byte === 0x22 || byte === 0x5c) return i;
  }
  return end;
};

describe('relay: plain bytes', () => {
  it('end less than 64 bytes before the first quote, backslash, control character or byte beyond ASCII', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.nat(500),
        fc.array(fc.record({ at: fc.nat(1000), byte: fc.nat(255) }), { maxLength: 3 }),
        (size, from, others) => {
          const bytes = Buffer.alloc(size, 'x');
          for (const { at, byte } of others) if (at < size) bytes[at] = byte;
          const start = Math.min(from, size);
          const end = plainEnd(bytes, start, size);
          const other = firstOther(bytes, start, size);
          expect(end).to.be.within(Math.max(start, other - 63), other);
        },
      ),
    );
  });

  it('are told for every byte at every place of a block', () => {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = Buffer.alloc(128, ' ');
      const place = byte % 64;
      bytes[place] = byte;
      const isPlain = firstOther(bytes, 0, 128) === 128;
      expect(plainEnd(bytes, 0, 128), `${byte}`).to.equal(isPlain ? 128 : 0);
    }
  });

  it('are looked at up to a limit in one call', () => {
    const bytes = Buffer.alloc(PLAIN_MOST + 1000, 'x');
    expect(plainEnd(bytes, 500, bytes.length)).to.equal(500 + PLAIN_MOST);
  });
});
