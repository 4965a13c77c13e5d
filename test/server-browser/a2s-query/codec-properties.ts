import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';

/** Cut anywhere, the message is decoded or refused with DecodeError, and nothing else happens. */
export function survivesTruncation(
  message: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): void {
  for (let length = 0; length < message.length; length++) {
    refusesOnly(() => decode(message.slice(0, length)));
  }
}

/** The same for random bytes, plain and behind the given beginning. */
export function survivesRandomBytes(
  beginning: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, behind) => {
      refusesOnly(() => decode(behind ? Uint8Array.of(...beginning, ...bytes) : bytes));
    }),
    { numRuns: 500 },
  );
}

function refusesOnly(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    expect(error).to.be.instanceOf(DecodeError);
  }
}

/** Text of so many code points without a zero; a leading byte order mark is lost in UTF-8 decoding. */
export const cText = (maxLength = 20): fc.Arbitrary<string> =>
  fc.string({ maxLength, unit: 'binary' }).map((text) => text.replaceAll(/[\0\ufeff]/g, ''));
export const letter = fc.constantFrom('d', 'l', 'p', 'w', 'm', 'o');
export const byte = fc.integer({ min: 0, max: 255 });
