import { createRequire } from 'node:module';
import { EAccountType, EUniverse, SteamID } from 'beaconry/steam';
import { expect } from 'chai';
import fc from 'fast-check';

const Oracle = createRequire(import.meta.url)('steamid') as new (
  id: bigint | string,
) => {
  getBigIntID(): bigint;
  steam2(newer: boolean): string;
  steam3(): string;
  isValid(): boolean;
};

const accountId = fc.integer({ min: 1, max: 0xffffffff });
const universe = fc.constantFrom(1, 2, 3, 4);

describe('SteamID', () => {
  for (const [decimal, steam3, steam2] of [
    ['76561201960265739', '[U:1:4000000011]', 'STEAM_1:1:2000000005'],
    ['85568396920039457', '[G:1:4000000033]', undefined],
    ['90072176936036396', '[A:1:4000000044:42]', undefined],
    ['103582795429521463', '[g:1:4000000055]', undefined],
  ] as const) {
    it(`reads and writes ${steam3} in all its forms`, () => {
      const id = SteamID.of(decimal);
      expect(id.toString()).to.equal(decimal);
      expect(id.steam3()).to.equal(steam3);
      expect(SteamID.parse(steam3)?.value).to.equal(BigInt(decimal));
      if (steam2 === undefined) expect(() => id.steam2()).to.throw(TypeError);
      else {
        expect(id.steam2()).to.equal(steam2);
        expect(SteamID.parse(steam2)?.value).to.equal(BigInt(decimal));
      }
    });
  }

  it('agrees with npm steamid about every text form of an individual', () => {
    fc.assert(
      fc.property(accountId, universe, (account, where) => {
        const id = SteamID.individual(account, where);
        const oracle = new Oracle(id.value);
        expect(id.steam3()).to.equal(oracle.steam3());
        expect(id.steam2()).to.equal(oracle.steam2(true));
        expect(id.steam2(true)).to.equal(oracle.steam2(false));
        expect(id.isValid).to.equal(oracle.isValid());
        expect(new Oracle(id.steam3()).getBigIntID()).to.equal(id.value);
      }),
    );
  });

  it('agrees with npm steamid about ids of every type', () => {
    fc.assert(
      fc.property(accountId, universe, fc.integer({ min: 1, max: 10 }), (account, where, type) => {
        const instance = type === EAccountType.AnonGameServer ? 42 : 0;
        const individual = type === EAccountType.Individual;
        const parts = {
          universe: where,
          type,
          instance: individual ? 1 : instance,
          accountId: account,
        };
        const id = SteamID.from(parts);
        const oracle = new Oracle(id.value);
        expect(id.steam3()).to.equal(oracle.steam3());
        expect(id.isValid).to.equal(oracle.isValid());
      }),
    );
  });

  it('survives a round trip through its parts for every 64-bit value', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }), (value) => {
        const id = new SteamID(value);
        expect(SteamID.parse(id.toString())?.value).to.equal(value);
        if (id.type <= 10) expect(SteamID.from(id).value).to.equal(value);
      }),
    );
  });

  it('reads the old parentheses of an instance', () => {
    expect(SteamID.parse('[A:1:123(4)]')?.value).to.equal(SteamID.parse('[A:1:123:4]')?.value);
  });

  it('reads universe 0 of older engines as the public one', () => {
    expect(SteamID.parse('STEAM_0:1:5')?.universe).to.equal(EUniverse.Public);
  });

  it('tells lobby and clan chats by their instance flags', () => {
    expect(SteamID.parse('[L:1:77]')?.steam3()).to.equal('[L:1:77]');
    expect(SteamID.parse('[c:1:77]')?.steam3()).to.equal('[c:1:77]');
    expect(SteamID.parse('[T:1:77]')?.steam3()).to.equal('[T:1:77]');
  });

  it('refuses numbers, because they lose digits', () => {
    expect(() => SteamID.of(7656 as unknown as bigint)).to.throw(TypeError, 'number');
  });

  it('refuses what is no SteamID', () => {
    for (const text of [
      '',
      'x',
      '18446744073709551616',
      '[U:1:4294967296]',
      '[Q:1:1]',
      'STEAM_9:0:1',
    ]) {
      expect(SteamID.parse(text), text).to.equal(undefined);
    }
    expect(() => SteamID.of('nobody')).to.throw(TypeError);
  });

  it('calls an individual valid only with account and instance 1', () => {
    const individual = { universe: 1, type: EAccountType.Individual };
    expect(SteamID.from({ ...individual, instance: 1, accountId: 0 }).isValid).to.equal(false);
    expect(SteamID.from({ ...individual, instance: 2, accountId: 1 }).isValid).to.equal(false);
    expect(SteamID.from({ ...individual, instance: 1, accountId: 1 }).isValid).to.equal(true);
  });

  it('expands the 32-bit account id of a group', () => {
    expect(SteamID.parseGroup(4000000055n, 1)?.steam3()).to.equal('[g:1:4000000055]');
    expect(SteamID.parseGroup(103582795429521463n, 4)?.value).to.equal(103582795429521463n);
    expect(SteamID.parseGroup(76561201960265739n, 1)).to.equal(undefined);
    expect(SteamID.parseGroup(0n, 1)).to.equal(undefined);
  });

  it('is written as text in JSON', () => {
    expect(JSON.stringify({ id: SteamID.of('76561201960265739') })).to.equal(
      '{"id":"76561201960265739"}',
    );
  });
});
