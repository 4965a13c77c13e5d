import type { ServerDescription } from 'beaconry/plugins/master';
import { expect } from 'chai';
import fc from 'fast-check';
import { compileFilter } from '../../../server-browser/master/filter.js';
import {
  countPairs,
  encodeFilter,
  type FilterNode,
} from '../../../server-browser/master/filter-codec.js';
import type { Dialect } from '../../../server-browser/master/filter-conditions.js';
import { at, described } from './build.js';

const passes = (
  filter: string,
  fields: Partial<ServerDescription>,
  { dialect, whitelisted = false }: { dialect?: Dialect; whitelisted?: boolean } = {},
): boolean =>
  compileFilter(filter, dialect).test({
    ...described(fields),
    address: at('192.0.2.1:27015'),
    whitelisted,
  });

describe('filter', () => {
  const cases: readonly (readonly [
    string,
    Partial<ServerDescription>,
    Partial<ServerDescription>,
  ])[] = [
    ['\\dedicated\\1', { serverType: 'd' }, { serverType: 'l' }],
    ['\\type\\d', { serverType: 'd' }, { serverType: 'p' }],
    ['\\proxy\\1', { serverType: 'p' }, { serverType: 'd' }],
    ['\\secure\\1', { secure: true }, { secure: false }],
    ['\\gamedir\\tf', { modDir: 'tf' }, { modDir: 'tf2' }],
    ['\\gamedir\\tf', { modDir: 'tf' }, { modDir: 'TF' }],
    ['\\map\\a*', { map: 'a*' }, { map: 'ab' }],
    ['\\linux\\1', { os: 'l' }, { os: 'w' }],
    ['\\password\\0', { password: false }, { password: true }],
    ['\\password\\1', { password: true }, { password: false }],
    ['\\empty\\1', { players: 1 }, { players: 0 }],
    ['\\full\\1', { players: 15 }, { players: 16 }],
    ['\\noplayers\\1', { players: 0 }, { players: 1 }],
    ['\\appid\\730', { appId: 730 }, { appId: 240 }],
    ['\\appid\\4294967295', { appId: 4294967295 }, { appId: 65535 }],
    ['\\napp\\500', { appId: 240 }, { appId: 500 }],
    ['\\gametype\\a,b', { tags: 'b,c,a' }, { tags: 'a,c' }],
    ['\\gametype\\alltalk', { tags: 'x,alltalk' }, { tags: 'alltalk2,noalltalk' }],
    ['\\gamedata\\a,b', { gameData: 'a,b' }, { gameData: 'b' }],
    ['\\gamedataor\\a,b', { gameData: 'b' }, { gameData: 'c' }],
    ['\\name_match\\*PvP*', { name: 'The PvP server' }, { name: 'The pvp server' }],
    ['\\version_match\\1.0.*', { version: '1.0.0.70' }, { version: '1.1.0' }],
    ['\\nor\\2\\map\\X\\secure\\1', { map: 'Y', secure: false }, { map: 'Y', secure: true }],
    ['\\nand\\2\\map\\X\\secure\\1', { map: 'X', secure: false }, { map: 'X', secure: true }],
    ['\\nor\\2\\map\\X\\map\\Y\\linux\\1', { map: 'Z', os: 'l' }, { map: 'Z', os: 'w' }],
    ['\\nor\\2\\map\\X\\map\\Y\\linux\\1', { map: 'Z', os: 'l' }, { map: 'Y', os: 'l' }],
    [
      '\\nor\\4\\map\\X\\nand\\2\\secure\\1\\linux\\1',
      { map: 'Z', secure: true, os: 'l' },
      { map: 'Z', secure: true, os: 'w' },
    ],
    ['\\nand\\2\\nand\\1\\secure\\1', { secure: true }, { secure: false }],
    ['\\nor\\1\\secure\\1', { secure: false }, { secure: true }],
    [
      '\\or\\4\\map\\X\\and\\2\\gametype\\payload\\secure\\1',
      { map: 'Y', tags: 'payload', secure: true },
      { map: 'Y', tags: 'payload', secure: false },
    ],
    ['\\or\\2\\map\\X\\map\\Y', { map: 'Y' }, { map: 'Z' }],
  ];
  for (const [filter, passing, failing] of cases) {
    it(`${filter} passes ${JSON.stringify(passing)}, not ${JSON.stringify(failing)}`, () => {
      expect(passes(filter, passing)).to.equal(true);
      expect(passes(filter, failing)).to.equal(false);
    });
  }

  for (const [filter, expected] of [
    ['\\gameaddr\\192.0.2.1', true],
    ['\\gameaddr\\192.0.2.2', false],
    ['\\gameaddr\\192.0.2.1:27015', true],
    ['\\gameaddr\\192.0.2.1:27005', true],
    ['\\gameaddr\\192.0.2.1:27016', false],
    ['\\addr\\192.0.2.1:27015', true],
    ['\\addr\\192.0.2.1:27005', false],
    ['\\gameaddr\\2001:db8::1', false],
    ['\\gameaddr\\nonsense', false],
  ] as const) {
    it(`${filter} ${expected ? 'passes' : 'fails'} 192.0.2.1:27015 with game port 27005`, () => {
      expect(passes(filter, { gamePort: 27005 })).to.equal(expected);
    });
  }

  it('lets only the operator whitelist a server', () => {
    expect(passes('\\white\\1', {}, { whitelisted: true })).to.equal(true);
    expect(passes('\\white\\1', {})).to.equal(false);
  });

  for (const text of [
    '',
    '\\unknown\\1',
    '\\nor\\1\\unknown\\1',
    '\\nand\\0',
    '\\appid\\x',
    '\\full\\0',
    '\\\\\\',
  ]) {
    it(`lists everything for ${JSON.stringify(text)}`, () => {
      expect(passes(text, { players: 0 })).to.equal(true);
      expect(passes(text, { players: 16 })).to.equal(true);
    });
  }

  it('counts an unknown key of a group as a pair and ignores it otherwise', () => {
    const filter = '\\nor\\2\\unknown\\1\\map\\X\\secure\\1';
    expect(passes(filter, { map: 'Y', secure: true })).to.equal(true);
    expect(passes(filter, { map: 'X', secure: true })).to.equal(false);
    expect(passes(filter, { map: 'Y', secure: false })).to.equal(false);
  });

  it('has collapse as a property that no group changes', () => {
    expect(compileFilter('\\collapse_addr_hash\\1').collapse).to.equal(true);
    expect(compileFilter('\\collapse_addr_hash\\0').collapse).to.equal(false);
    expect(compileFilter('\\map\\X').collapse).to.equal(false);
  });

  it('means the same as its groups do one by one, however they are nested', () => {
    const keys = ['secure', 'linux', 'password', 'empty', 'noplayers'] as const;
    const { node } = fc.letrec<{ node: FilterNode }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom(...keys).map((key) => ({ kind: 'condition', key, value: '1' })),
        fc.record({
          kind: fc.constantFrom('nor', 'nand', 'or', 'and'),
          operands: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
        }),
      ) as fc.Arbitrary<FilterNode>,
    }));
    const plainly = (tree: FilterNode, fields: Partial<ServerDescription>): boolean => {
      if (tree.kind === 'condition') return passes(`\\${tree.key}\\${tree.value}`, fields);
      const each = tree.operands.map((operand) => plainly(operand, fields));
      if (tree.kind === 'and') return each.every(Boolean);
      if (tree.kind === 'nand') return !each.every(Boolean);
      return each.some(Boolean) === (tree.kind === 'or');
    };
    const fields = fc.record({
      secure: fc.boolean(),
      password: fc.boolean(),
      os: fc.constantFrom('l' as const, 'w' as const),
      players: fc.constantFrom(0, 1),
    });
    fc.assert(
      fc.property(node, fields, (tree, server) => {
        fc.pre(countPairs([tree]) <= 64);
        expect(passes(encodeFilter([tree]), server)).to.equal(plainly(tree, server));
      }),
      { numRuns: 500 },
    );
  });

  describe('in the dialect of Xash3D', () => {
    it('is chosen by \\key\\ or \\clver\\', () => {
      expect(compileFilter('\\gamedir\\valve\\key\\deadbeef').dialect).to.equal('xash');
      expect(compileFilter('\\clver\\0.21').dialect).to.equal('xash');
      expect(compileFilter('\\gamedir\\valve').dialect).to.equal('valve');
    });

    for (const [filter, passing, failing] of [
      ['\\empty\\1', { players: 0 }, { players: 1 }],
      ['\\empty\\0', { players: 1 }, { players: 0 }],
      ['\\full\\1', { players: 16 }, { players: 15 }],
      ['\\full\\0', { players: 15 }, { players: 16 }],
      ['\\password\\1', { password: true }, { password: false }],
      ['\\secure\\0', { secure: false }, { secure: true }],
      ['\\dedicated\\0', { serverType: 'l' }, { serverType: 'd' }],
      ['\\bots\\0', { bots: 0 }, { bots: 1 }],
      ['\\bots\\1', { bots: 2 }, { bots: 0 }],
      ['\\nat\\0', { nat: false }, { nat: true }],
      ['\\lan\\1', { lan: true }, { lan: false }],
      ['\\protocol\\49', { protocol: 49 }, { protocol: 48 }],
    ] as const) {
      it(`${filter} passes ${JSON.stringify(passing)}, not ${JSON.stringify(failing)}`, () => {
        expect(passes(filter, passing, { dialect: 'xash' })).to.equal(true);
        expect(passes(filter, failing, { dialect: 'xash' })).to.equal(false);
      });
    }
  });
});
