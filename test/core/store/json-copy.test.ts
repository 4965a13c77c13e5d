import { expect } from 'chai';
import fc from 'fast-check';
import { copyJson, jsonOf } from '../../../core/store/json-copy.js';
import type { Json } from '../../../core/store/store.js';

const asText = (value: unknown) => JSON.parse(JSON.stringify(value)) as Json;
const nested = (depth: number): Json => (depth === 0 ? 'end' : [nested(depth - 1)]);

describe('copies of JSON values', () => {
  it('are equal to what text and back would give, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const kept = jsonOf('key', value as Json);
        expect(kept).deep.equal(asText(value));
        expect(copyJson(kept)).deep.equal(kept);
      }),
    );
  });

  const odd: Readonly<Record<string, unknown>> = {
    'members that are undefined': { kept: 1, dropped: undefined },
    'lists with holes': Object.assign(new Array(2), { 0: 1 }),
    'numbers without a text': [Number.NaN, Number.POSITIVE_INFINITY, -0],
    dates: { at: new Date(0) },
    'objects of a class': {
      inside: new (class {
        shown = 1;
      })(),
    },
    'objects with a text of their own': { toJSON: () => 'text' },
    'objects without a prototype': Object.assign(Object.create(null), { shown: 1 }),
    'members named __proto__': JSON.parse('{"__proto__":{"shown":1},"constructor":2}'),
    'values deeper than the quick way goes': nested(100),
  };
  for (const [name, value] of Object.entries(odd)) {
    it(`treat ${name} as text and back does`, () => {
      const kept = jsonOf('key', value as Json);
      expect(JSON.stringify(kept)).equal(JSON.stringify(value));
      expect(JSON.stringify(copyJson(kept))).equal(JSON.stringify(value));
      expect(kept).deep.equal(asText(value));
    });
  }

  it('share nothing with what was given', () => {
    const given = { list: [{ n: 1 }] };
    const kept = jsonOf('key', given) as { list: { n: number }[] };
    const read = copyJson(kept);
    (given.list[0] as { n: number }).n = 2;
    (read.list[0] as { n: number }).n = 3;
    expect(kept).deep.equal({ list: [{ n: 1 }] });
  });

  it('are refused when JSON refuses: functions, bigints, circles', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    for (const value of [() => 1, 1n, circle, undefined]) {
      expect(() => jsonOf('key', value as Json))
        .throw()
        .property('code', 'STORE_VALUE');
    }
  });

  it('are bounded by the bytes of their JSON, however these come together', () => {
    const mebibyte = 1024 * 1024;
    expect(jsonOf('key', 'x'.repeat(mebibyte - 2))).lengthOf(mebibyte - 2);
    const tooLarge: Json[] = [
      'x'.repeat(mebibyte - 1),
      'ж'.repeat(mebibyte / 2),
      '\u0001'.repeat(mebibyte / 5),
      new Array<Json>(mebibyte / 2).fill(1),
      { ['k'.repeat(mebibyte)]: 1 },
    ];
    for (const value of tooLarge) {
      expect(() => jsonOf('key', value))
        .throw()
        .property('code', 'STORE_VALUE');
    }
  });
});
