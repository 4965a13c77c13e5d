import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalText, nodeAt, withValue } from '../../../core/config/config-node.js';
import { readYaml } from '../../../core/config/yaml-reader.js';

const placeAt = (line: number, column: number) => ({ text: `${line}:${column}`, order: line });
const read = (text: string) => readYaml(text, placeAt);
const problemsOf = (text: string): string[] =>
  read(text).problems.map(({ place, path, message }) => `${place.text}: ${path}: ${message}`);
const text = (source: string): string => canonicalText(read(source).root);

describe('YAML with places', () => {
  it('reads JSON as it reads YAML', () => {
    expect(text('{"a": [1, "x", null, true]}')).to.equal(text('a:\n  - 1\n  - x\n  -\n  - true\n'));
  });

  it('counts lines and columns alike with CRLF and behind a byte order mark', () => {
    for (const source of ['a: 1\nb:\n  - x', 'a: 1\r\nb:\r\n  - x', '\ufeffa: 1\nb:\n  - x']) {
      const { root } = read(source);
      expect(nodeAt(root, 'a')?.place.text).to.equal('1:4');
      const list = nodeAt(root, 'b');
      expect(list?.kind === 'list' && list.items[0]?.place.text).to.equal('3:5');
    }
  });

  it('resolves aliases and places them where the value is written', () => {
    const { root, problems } = read('a: &x { b: 1 }\nc: *x\n');
    expect(problems).to.deep.equal([]);
    expect(nodeAt(root, 'c', 'b')?.place.text).to.equal('1:12');
  });

  it('lets a change below an alias leave the anchor alone', () => {
    const { root } = read('a: &x { b: 1 }\nc: *x\n');
    if (root?.kind !== 'map') throw new Error('expected a mapping');
    const place = placeAt(9, 9);
    const value = { kind: 'scalar', value: 2, text: '2', place } as const;
    const changed = withValue(root, ['c', 'b'], value, place);
    expect(canonicalText(changed)).to.equal('{"a":{"b":1},"c":{"b":2}}');
    expect(canonicalText(root)).to.equal('{"a":{"b":1},"c":{"b":1}}');
  });

  it('merges with <<, where own keys win', () => {
    const source = 'x: &x { a: 1, b: 2 }\ny: &y { b: 3, c: 4 }\nz: { b: 0, <<: [*x, *y] }\n';
    expect(canonicalText(nodeAt(read(source).root, 'z'))).to.equal('{"a":1,"b":0,"c":4}');
    expect(text('"<<": 1')).to.equal('{"<<":1}');
    expect(problemsOf('<<: 5')).to.deep.equal(['1:5: : << takes a mapping or a list of mappings']);
  });

  it('reports an alias without anchor, and one inside its own anchor', () => {
    expect(problemsOf('a: *x')[0]).to.match(/^1:4: /);
    expect(problemsOf('a: &x [*x]')[0]).to.match(/^1:8: /);
  });

  it('reports a key that is written twice, with the first place', () => {
    expect(problemsOf('a:\n  b: 1\n  b: 2\n')).to.deep.equal([
      '3:3: a.b: is written twice; first at 2:3',
    ]);
  });

  it('reports keys that are no words', () => {
    expect(problemsOf('[1]: 2')[0]).to.equal('1:1: : a key must be a single word or quoted text');
  });

  it('keeps __proto__ and constructor as plain keys', () => {
    expect(text('__proto__: { a: 1 }\nconstructor: 2\n')).to.equal(
      '{"__proto__":{"a":1},"constructor":2}',
    );
  });

  it('keeps the source text of numbers', () => {
    expect(text('id: 76561197960265729')).to.equal('{"id":76561197960265729}');
  });

  it('places syntax errors', () => {
    expect(problemsOf('a: [1')[0]).to.match(/^1:6: : is not YAML: /);
    expect(problemsOf('a:\n\tb: 1\n')[0]).to.match(/^2:1: : is not YAML: Tabs/);
    expect(problemsOf('a: !secret x')[0]).to.match(/^1:4: : is not YAML: Unresolved tag/);
    expect(problemsOf('a: 1\n---\nb: 2\n')[0]).to.match(/^\d+:1: : starts a second document/);
    expect(problemsOf('%YAML 1.1\n---\nsecure: no\n')[0]).to.contain('must be YAML 1.2');
  });

  it('bounds length, depth and what aliases expand to', () => {
    expect(problemsOf('a'.repeat((1 << 20) + 1))[0]).to.contain('is longer than');
    expect(problemsOf('['.repeat(20_000))[0]).to.contain('more than 64 levels');
    expect(problemsOf('- '.repeat(20_000))[0]).to.contain('more than 64 levels');
    expect(problemsOf(`${'['.repeat(64)}${']'.repeat(64)}`)).to.deep.equal([]);
    expect(problemsOf(`${'['.repeat(65)}${']'.repeat(65)}`)[0]).to.contain('more than 64 levels');
    const chain = ['a0: &a0 x'];
    for (let i = 1; i < 100; i++) chain.push(`a${i}: &a${i} [*a${i - 1}]`);
    expect(problemsOf(chain.join('\n'))[0]).to.contain('expands to more than');
    const laughs = ['a0: &a0 x'];
    for (let i = 1; i < 12; i++) {
      laughs.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    }
    expect(problemsOf(laughs.join('\n'))[0]).to.contain('expands to more than 100000 values');
  });

  it('gives one canonical text whatever the layout and the order of keys', () => {
    expect(text('a: 1\nb: { c: "x" }')).to.equal(text('b:\n  c: x\na:   1 # comment'));
    expect(text('a: "1"')).to.not.equal(text('a: 1'));
    expect(text('a: ~')).to.equal(text('a:'));
  });

  it('never throws, whatever the text', () => {
    const piece = fc.constantFrom(
      ...['a', ':', ' ', '\n', '- ', '[', ']', '{', '}', ',', '&x ', '*x', '<<: ', '? ', '"', "'"],
      ...['|', '>', '#', '!', '!!int ', '%', '---\n', '...\n', '\t', '\r\n', '0x', '~', '\ufeff'],
    );
    const any = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(any, (source) => {
        const { root, unreadable } = read(source);
        expect(unreadable && root !== undefined && root.kind === 'scalar').to.equal(false);
      }),
      { numRuns: 1000 },
    );
  });
});
