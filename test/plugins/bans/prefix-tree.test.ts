import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import { PrefixTree } from '../../../plugins/bans/prefix-tree.js';

/** What a prefix tree does, without a tree. */
class NaiveTree {
  readonly entries = new Map<string, { readonly bits: string; readonly value: number }>();
  set(prefix: PeerAddress, length: number, value: number): void {
    const bits = bitsOf(prefix).slice(0, length);
    this.entries.set(bits, { bits, value });
  }
  delete(prefix: PeerAddress, length: number): boolean {
    return this.entries.delete(bitsOf(prefix).slice(0, length));
  }
  find(address: PeerAddress): number | undefined {
    const bits = bitsOf(address);
    return [...this.entries.values()]
      .filter((entry) => bits.startsWith(entry.bits))
      .sort((one, other) => one.bits.length - other.bits.length)[0]?.value;
  }
}

const bitsOf = ({ a, b, c, d }: PeerAddress): string =>
  [a, b, c, d].map((word) => (word >>> 0).toString(2).padStart(32, '0')).join('');

const cut = (address: PeerAddress, length: number): PeerAddress => {
  const bits = bitsOf(address).slice(0, length).padEnd(128, '0');
  const word = (at: number) => Number.parseInt(bits.slice(at, at + 32), 2) | 0;
  return new PeerAddress().set(word(0), word(32), word(64), word(96), 0);
};

/** Few different bits at few places, so that prefixes meet and nest; and any bits at all. */
const word = fc.oneof(
  fc.constantFrom(0, 1, -1, 0x80000000 | 0, 0x40000000, 0xffff),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
const address = fc
  .tuple(word, word, word, word)
  .map(([a, b, c, d]) => new PeerAddress().set(a, b, c, d, 0));
const length = fc.oneof(
  fc.constantFrom(0, 1, 31, 32, 33, 64, 96, 127, 128),
  fc.integer({ min: 0, max: 128 }),
);
const step = fc.tuple(fc.constantFrom('set', 'set', 'delete'), address, length);

describe('PrefixTree', () => {
  it('answers like a list of all prefixes, whatever is added and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(address), (steps, questions) => {
        const tree = new PrefixTree<number>();
        const naive = new NaiveTree();
        for (const [number, [what, at, bits]] of steps.entries()) {
          const prefix = cut(at, bits);
          if (what === 'set') {
            tree.set(prefix, bits, number);
            naive.set(prefix, bits, number);
          } else {
            // Half of the removals aim at what is there.
            const [known] = naive.entries.values();
            if (known === undefined || bits % 2 === 0) {
              expect(tree.delete(prefix, bits)).equal(naive.delete(prefix, bits));
            } else {
              const there = cutText(known.bits);
              expect(tree.delete(there, known.bits.length)).equal(true);
              naive.entries.delete(known.bits);
            }
          }
        }
        expect(tree.size).equal(naive.entries.size);
        expect(tree.nodes).at.most(Math.max(0, 2 * tree.size - 1));
        for (const [, at] of steps) expect(tree.find(at)).equal(naive.find(at));
        for (const at of questions) expect(tree.find(at)).equal(naive.find(at));
        for (const { bits, value } of naive.entries.values()) {
          expect(tree.get(cutText(bits), bits.length)).equal(value);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is empty again when everything was removed, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(address, length)), fc.integer(), (prefixes, seed) => {
        const tree = new PrefixTree<boolean>();
        for (const [at, bits] of prefixes) tree.set(cut(at, bits), bits, true);
        const shuffled = [...prefixes].sort(([one], [other]) => (one.d ^ seed) - (other.d ^ seed));
        for (const [at, bits] of shuffled) tree.delete(cut(at, bits), bits);
        expect([tree.size, tree.nodes]).deep.equal([0, 0]);
      }),
    );
  });
});

const cutText = (bits: string): PeerAddress => {
  const padded = bits.padEnd(128, '0');
  const word = (at: number) => Number.parseInt(padded.slice(at, at + 32), 2) | 0;
  return new PeerAddress().set(word(0), word(32), word(64), word(96), 0);
};
