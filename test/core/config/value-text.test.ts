import { expect } from 'chai';
import fc from 'fast-check';
import { either, type Format, list, record } from '../../../core/config/schema.js';
import { readSection } from '../../../core/config/section.js';
import { valueText } from '../../../core/config/value-text.js';
import { readYaml } from '../../../core/config/yaml-reader.js';

const place = { text: 'x', order: 0 };

/** Writes a value as text and reads it again. */
function again(format: Format, value: unknown): unknown {
  const { root, problems } = readYaml(`key: ${valueText(format, value)}\n`, () => place);
  expect(problems).to.deep.equal([]);
  const schema: { readonly [key: string]: { doc: string; format: Format; default: null } } = {
    key: { doc: '', format, default: null },
  };
  const read: { config: object; problems: readonly unknown[] } = readSection(schema, root, {
    path: '',
    place,
  });
  expect(read.problems, valueText(format, value)).to.deep.equal([]);
  return (read.config as { key: unknown }).key;
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('no', 'true', 'null', '~', '0x1', '1e5', '.5', '.inf', '<<', '- a', 'a b', './x'),
);
const values: [string, Format, fc.Arbitrary<unknown>][] = [
  ['text', String, text],
  ['numbers', Number, fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0)],
  ['durations', 'duration', fc.nat(10_000_000)],
  ['sizes', 'bytes', fc.nat(100_000_000)],
  ['ids', 'uint64', fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })],
  ['hex', 'hex', fc.uint8Array({ maxLength: 9 })],
  [
    'addresses',
    'address',
    fc.record({ host: fc.oneof(fc.ipV4(), fc.constant('::1')), port: fc.nat(65535) }),
  ],
  [
    'lists of text',
    list({ doc: '', format: String, default: null }),
    fc.array(text, { maxLength: 4 }),
  ],
  [
    'records of words or numbers',
    record({ doc: '', format: either('off', 'nat'), default: null }),
    fc
      .array(fc.tuple(text, fc.oneof(fc.constant('off'), fc.nat())), { maxLength: 4 })
      .map((pairs) => new Map(pairs)),
  ],
];

describe('values as text of the file', () => {
  for (const [name, format, arbitrary] of values) {
    it(`read back as they were: ${name}`, () => {
      fc.assert(
        fc.property(arbitrary, (value) => {
          expect(again(format, value)).to.deep.equal(value);
        }),
        { numRuns: 200 },
      );
    });
  }
});
