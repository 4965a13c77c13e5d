import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  countPairs,
  decodeFilter,
  encodeFilter,
  type FilterNode,
  type FilterOperator,
  filterLimits,
} from '../../../server-browser/master/filter-codec.js';

const condition = (key: string, value: string): FilterNode => ({ kind: 'condition', key, value });
const group = (kind: FilterOperator, ...operands: FilterNode[]): FilterNode => ({ kind, operands });

describe('filter codec', () => {
  const secure = condition('secure', '1');
  const linux = condition('linux', '1');
  const x = condition('map', 'X');
  const y = condition('map', 'Y');
  for (const [text, tree] of [
    ['', []],
    ['\\map\\X', [x]],
    ['\\gamedir\\\\map\\X', [condition('gamedir', ''), x]],
    ['\\nor\\2\\map\\X\\secure\\1', [group('nor', x, secure)]],
    ['\\nor\\2\\map\\X\\map\\Y\\linux\\1', [group('nor', x, y), linux]],
    [
      '\\nor\\4\\map\\X\\nand\\2\\secure\\1\\linux\\1',
      [group('nor', x, group('nand', secure, linux))],
    ],
    ['\\nand\\2\\nand\\1\\secure\\1', [group('nand', group('nand', secure))]],
    [
      '\\or\\4\\map\\X\\and\\2\\gametype\\payload\\secure\\1',
      [group('or', x, group('and', condition('gametype', 'payload'), secure))],
    ],
  ] as const) {
    it(`reads and writes ${JSON.stringify(text)}`, () => {
      expect(decodeFilter(text)).to.deep.equal(tree);
      expect(encodeFilter(tree)).to.equal(text);
    });
  }

  it('accepts a text without its first backslash', () => {
    expect(decodeFilter('appid\\440')).to.deep.equal([condition('appid', '440')]);
  });

  it('ignores a key at the end that has no value', () => {
    expect(decodeFilter('\\map\\X\\secure')).to.deep.equal([x]);
  });

  for (const count of ['-1', '99', 'many', '', '1.5', '4294967296']) {
    it(`cuts a count of ${JSON.stringify(count)} to what is left`, () => {
      const tree = [group('nor', x, secure)];
      expect(decodeFilter(`\\nor\\${count}\\map\\X\\secure\\1`)).to.deep.equal(tree);
    });
  }

  it('cuts a count to what is left of the group around it', () => {
    const tree = [group('nor', group('nand', x)), secure];
    expect(decodeFilter('\\nor\\2\\nand\\9\\map\\X\\secure\\1')).to.deep.equal(tree);
  });

  it('refuses more than 64 pairs', () => {
    expect(decodeFilter('\\a\\1'.repeat(64))).to.have.lengthOf(64);
    expect(() => decodeFilter('\\a\\1'.repeat(65))).to.throw(DecodeError, 'pairs');
  });

  it('refuses more than 1024 bytes', () => {
    expect(decodeFilter(`\\map\\${'m'.repeat(1019)}`)).to.have.lengthOf(1);
    expect(() => decodeFilter(`\\map\\${'m'.repeat(1020)}`)).to.throw(DecodeError, 'long');
    expect(() => decodeFilter(`\\map\\${'é'.repeat(510)}`)).to.throw(DecodeError, 'long');
  });

  it('refuses operators nested deeper than 16', () => {
    expect(decodeFilter(`${'\\nand\\99'.repeat(16)}\\secure\\1`)).to.have.lengthOf(1);
    expect(() => decodeFilter(`${'\\nand\\99'.repeat(17)}\\secure\\1`)).to.throw(DecodeError, '16');
  });

  it('round-trips any tree within the limits', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '*', ','), maxLength: 4 });
    const { tree } = fc.letrec<{ node: FilterNode; tree: FilterNode[] }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.record({ kind: fc.constant('condition' as const), key: word, value: word }),
        fc.record({
          kind: fc.constantFrom('nor' as const, 'nand' as const, 'or' as const, 'and' as const),
          operands: tie('tree'),
        }),
      ),
      tree: fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
    }));
    fc.assert(
      fc.property(tree, (nodes) => {
        fc.pre(countPairs(nodes) <= filterLimits.pairs);
        expect(decodeFilter(encodeFilter(nodes))).to.deep.equal(nodes);
      }),
    );
  });

  it('throws nothing but DecodeError', () => {
    const piece = fc.constantFrom('\\', '\\nor', '\\nand\\', '2', '-', 'map', 'é', '\\1', '\0');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 300 }), (pieces) => {
        try {
          decodeFilter(pieces.join(''));
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }),
    );
  });
});
