import { DecodeError } from 'beaconry';
import {
  decodeFragment,
  decodeRules,
  decompress,
  encodeFragment,
  encodeRules,
  FragmentAssembler,
  type SplitFormat,
  splitCeiling,
  splitMessage,
} from 'beaconry/a2s-query';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { byte, survivesRandomBytes, survivesTruncation } from './codec-properties.js';
import { vector } from './vectors.js';

const formats: readonly SplitFormat[] = ['source', 'source-nosize', 'goldsrc'];
const vectors = { source: 'source', 'source-nosize': 'nosize', goldsrc: 'goldsrc' };

/** The whole message, when the last of these pieces completes one. */
const assemble = (pieces: readonly Uint8Array[], assembler = new FragmentAssembler()) =>
  pieces.map((piece) => assembler.add(piece)).at(-1);

const longRules = encodeRules(
  Array.from({ length: 600 }, (_, i) => [`rule_${i}`, 'x'.repeat(24)] as const),
  20_000,
);

describe('fragment codec', () => {
  it('keeps what came in memory that is read into again', () => {
    const assembler = new FragmentAssembler();
    const memory = Buffer.alloc(1400);
    const wholes = splitMessage(longRules, 'source', 7).map((packet) => {
      memory.set(packet);
      const whole = assembler.add(memory.subarray(0, packet.length));
      memory.fill(0xee);
      return whole;
    });
    expect(wholes.at(-1)).to.deep.equal(longRules);
  });

  for (const format of formats) {
    it(`reads and writes the pieces of ${format}`, () => {
      for (const number of [0, 1]) {
        const bytes = vector(`rules_split_${vectors[format]}_${number}`);
        const fragment = decodeFragment(bytes, format);
        expect([fragment.id, fragment.total, fragment.number]).to.deep.equal([18, 2, number]);
        expect(encodeFragment(format, fragment)).to.deep.equal(bytes);
      }
    });

    it(`splits a long message for ${format} into packets that any reader takes`, () => {
      const packets = splitMessage(longRules, format, 7);
      expect(Math.max(...packets.map(({ length }) => length))).to.be.at.most(1400);
      expect(assemble(packets)).to.deep.equal(longRules);
    });

    it(`refuses to split for ${format} what it cannot carry`, () => {
      const ceiling = splitCeiling(format);
      expect(() => splitMessage(new Uint8Array(ceiling), format, 1)).not.to.throw();
      expect(() => splitMessage(new Uint8Array(ceiling + 1), format, 1)).to.throw(RangeError);
    });

    it(`keeps every piece of ${format} on the way there and back`, () => {
      const fragment = fc.record({
        id: fc.integer({ min: 0, max: 0x7fffffff }),
        total: fc.constantFrom(15, 14),
        number: fc.integer({ min: 0, max: 13 }),
        payload: fc.uint8Array({ maxLength: 1300 }),
        ...(format === 'source' && { size: fc.integer({ min: 0, max: 65535 }) }),
      });
      fc.assert(
        fc.property(fragment, (some) => {
          expect(decodeFragment(encodeFragment(format, some), format)).to.deep.equal(some);
        }),
      );
    });

    it(`survives truncation at every length and random bytes in ${format}`, () => {
      const decode = (bytes: Uint8Array) => decodeFragment(bytes, format);
      survivesTruncation(vector(`rules_split_${vectors[format]}_0`), decode);
      survivesRandomBytes(hex`feffffff`, decode);
    });
  }

  it('leaves a message alone that fits into one packet', () => {
    const message = vector('rules_reply');
    expect(splitMessage(message, 'source', 1)).to.deep.equal([message]);
  });
});

describe('FragmentAssembler', () => {
  const expected = [
    ['sv_a', '1'],
    ['sv_tags', 'alltalk,nocrits'],
    ['mp_timelimit', '30'],
  ];

  for (const format of formats) {
    it(`joins the pieces of ${format}, whichever comes first`, () => {
      const pieces = [0, 1].map((number) => vector(`rules_split_${vectors[format]}_${number}`));
      for (const order of [pieces, pieces.toReversed()]) {
        const message = assemble(order) as Uint8Array;
        const rules = decodeRules(message).rules.map(({ name, value }) => [name, value]);
        expect(rules).to.deep.equal(expected);
      }
    });
  }

  it('joins any order with copies in between', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...formats),
        fc.shuffledSubarray([...Array(15).keys()], { minLength: 15 }),
        (format, order) => {
          const packets = splitMessage(longRules, format, 99);
          const mixed = order.flatMap((i) => (packets[i] ? [packets[i], packets[i]] : []));
          const rest = packets.slice(15);
          const assembler = new FragmentAssembler();
          const whole = [...mixed, ...rest].flatMap((piece) => assembler.add(piece) ?? []);
          expect(whole).to.deep.equal([longRules]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('decompresses the vector', () => {
    const pieces = [vector('rules_split_bz2_0'), vector('rules_split_bz2_1')];
    expect(assemble(pieces)).to.deep.equal(vector('rules_bz2_plain'));
    expect(assemble(pieces.toReversed())).to.deep.equal(vector('rules_bz2_plain'));
  });

  it('takes a single piece for a whole', () => {
    const piece = encodeFragment('source', {
      id: 3,
      total: 1,
      number: 0,
      payload: vector('player_empty'),
    });
    expect(assemble([piece])).to.deep.equal(vector('player_empty'));
  });

  it('adds the header that a few servers leave out inside', () => {
    const payload = vector('rules_reply').slice(4);
    const pieces = splitAt(payload, 20).map((part, number) =>
      encodeFragment('source', { id: 4, total: 2, number, payload: part }),
    );
    expect(assemble(pieces)).to.deep.equal(vector('rules_reply'));
  });

  it('keeps apart messages whose pieces come mixed', () => {
    const assembler = new FragmentAssembler();
    const one = splitMessage(longRules, 'source', 1);
    const other = splitMessage(longRules, 'source', 2);
    const whole = one.flatMap((piece, i) => [
      ...(assembler.add(piece) ?? []).slice(0, 1),
      ...(assembler.add(other[i] as Uint8Array) ?? []).slice(0, 1),
    ]);
    expect(whole).to.have.length(2);
    expect(assembler.held).to.equal(0);
  });

  it('passes over pieces that do not fit the total of the others', () => {
    const [first, second] = [vector('rules_split_source_0'), vector('rules_split_source_1')];
    const odd = Uint8Array.from(second);
    odd[8] = 7;
    expect(assemble([first, odd, second])).not.to.equal(undefined);
  });

  it('holds at most 64 KiB whatever a server sends', () => {
    const assembler = new FragmentAssembler();
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const piece = encodeFragment('source', {
        id: i < 4000 ? i % 7 : 1,
        total: 255,
        number: i % 254,
        payload: new Uint8Array((i * 37) % 1300),
      });
      try {
        assembler.add(piece);
      } catch (error) {
        expect(error).to.be.instanceOf(DecodeError);
        refused++;
      }
      expect(assembler.held).to.be.at.most(65536);
    }
    expect(refused).to.be.greaterThan(0);
  });

  it('bounds empty pieces as well', () => {
    const assembler = new FragmentAssembler();
    const add = (id: number, low: number, high: number) =>
      assembler.add(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, id, 0, 0, 0, low, high));
    expect(() => {
      for (let i = 0; i < 65536; i++) add(1, i & 0xff, i >> 8);
    }).to.throw(DecodeError);
    expect(assembler.held).to.equal(0);
  });

  it('forgets the oldest of more than four unfinished messages', () => {
    const assembler = new FragmentAssembler();
    const [first, second] = [vector('rules_split_source_0'), vector('rules_split_source_1')];
    assembler.add(first);
    for (let id = 1; id <= 4; id++) {
      const piece = Uint8Array.from(first);
      piece[4] = id;
      assembler.add(piece);
    }
    expect(assembler.add(second)).to.equal(undefined);
  });

  it('refuses only with DecodeError, whatever arrives', () => {
    const assembler = new FragmentAssembler();
    survivesRandomBytes(hex`feffffff 01000080 01 00 e004 ff000000 00000000 "BZh9"`, (bytes) =>
      assembler.add(bytes),
    );
    fc.assert(
      fc.property(byte, byte, fc.uint8Array({ maxLength: 40 }), (total, number, rest) => {
        try {
          assembler.add(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 1, 0, 0, 0, total, number, ...rest));
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
        expect(assembler.held).to.be.at.most(65536);
      }),
    );
  });
});

describe('bounded bzip2', () => {
  const size = 381;
  const crc32 = 0xf6963fff;
  const compressed = Uint8Array.of(
    ...decodeFragment(vector('rules_split_bz2_0'), 'source').payload,
    ...decodeFragment(vector('rules_split_bz2_1'), 'source').payload,
  );
  /** `head -c 45899235 /dev/zero | bzip2`: 46 bytes for 46 million. */
  const bomb = hex`
    425a6839 314159265359 0e09e2df 015f8e4000c0000008200030804d4642a025a90a80971772453850900e09e2df
  `;
  const refused = (bytes: Uint8Array, announced: number, crc = crc32) =>
    expect(() => decompress(bytes, announced, crc)).to.throw(DecodeError);

  it('gives exactly the announced bytes', () => {
    expect(decompress(compressed, size, crc32)).to.deep.equal(vector('rules_bz2_plain'));
  });

  it('refuses another size or checksum than was announced', () => {
    refused(compressed, size - 1);
    refused(compressed, size + 1);
    refused(compressed, size, crc32 ^ 1);
  });

  it('refuses an announced size past 1 MiB before it reserves memory', () => {
    refused(compressed, 1024 * 1024 + 1);
    refused(compressed, 0xffffffff);
  });

  it('stops a bomb at the announced size', () => {
    refused(bomb, 1000);
    refused(bomb, 1024 * 1024);
  });

  it('refuses more blocks than the announced size can fill', () => {
    // `printf a | bzip2`, its one block repeated; blocks are not aligned to bytes.
    const bits = toBits(
      hex`425a6839 314159265359 19939b6b 00000001002000200021184682ee48a70a120332736d60`,
    );
    const end = bits.indexOf(toBits(hex`177245385090`));
    const many = bits.slice(0, 32) + bits.slice(32, end).repeat(300) + bits.slice(end);
    expect(() => decompress(fromBits(many), 300, 0)).to.throw(DecodeError, 'too many bzip2 blocks');
  });

  it('survives truncation at every length and random bytes', () => {
    const decode = (bytes: Uint8Array) => decompress(bytes, size, crc32);
    survivesTruncation(compressed, decode);
    survivesRandomBytes(hex`"BZh9" 314159265359`, decode);
    survivesRandomBytes(compressed.slice(0, 60), decode);
  });
});

const splitAt = (bytes: Uint8Array, at: number): Uint8Array[] => [
  bytes.subarray(0, at),
  bytes.subarray(at),
];

const toBits = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
const fromBits = (bits: string): Uint8Array =>
  Uint8Array.from(bits.match(/.{1,8}/g) ?? [], (part) => Number.parseInt(part.padEnd(8, '0'), 2));
