import { EGameIdType, gameIdOf, gameIdOfApp, gameIdParts } from 'beaconry/steam';
import { expect } from 'chai';
import fc from 'fast-check';

describe('game id', () => {
  it('of an app is the app id itself', () => {
    expect(gameIdOfApp(480)).to.equal(480n);
  });

  it('holds app, type and mod in bits 0-23, 24-31 and 32-63', () => {
    const id = gameIdOf({ appId: 0x123456, type: EGameIdType.GameMod, modId: 0x89abcdef });
    expect(id).to.equal(0x89abcdef01123456n);
  });

  it('survives a round trip through its parts', () => {
    const parts = fc.record({
      appId: fc.integer({ min: 0, max: 0xffffff }),
      type: fc.constantFrom(0, 1, 2, 3),
      modId: fc.integer({ min: 0, max: 0xffffffff }),
    });
    fc.assert(
      fc.property(parts, (given) => {
        expect(gameIdParts(gameIdOf(given))).to.eql(given);
      }),
    );
  });

  it('refuses an app id that does not fit', () => {
    expect(() => gameIdOfApp(0x1000000)).to.throw(RangeError);
  });
});
