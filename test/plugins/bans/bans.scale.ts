import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { PrefixTree } from '../../../plugins/bans/prefix-tree.js';

/** The n-th of many addresses that look like chance and are the same each time. */
const nth = (n: number): number => Math.imul(n ^ (n >>> 15), 0x2c1b3c6d) ^ (n << 7);

/** An address that counts how often a question looks at it. */
function countedAddress(d: number): { readonly asked: PeerAddress; readonly looks: () => number } {
  let looks = 0;
  const asked = new PeerAddress().set(0, 0, 0xffff, d, 0);
  Object.defineProperty(asked, 'a', {
    get() {
      looks++;
      return 0;
    },
  });
  return { asked, looks: () => looks };
}

describe('100,000 banned ranges', () => {
  const tree = new PrefixTree<number>();
  const prefix = new PeerAddress();

  before(() => {
    for (let n = 0; tree.size < 100_000; n++) {
      const bits = 16 + (n % 17);
      const mask = bits === 32 ? -1 : ~(0xffffffff >>> bits);
      tree.set(prefix.set(0, 0, 0xffff, nth(n) & mask, 0), bits + 96, n);
    }
  });

  it('take at most two nodes each', () => {
    expect(tree.nodes).below(200_000);
  });

  it('are asked in at most one step for each bit of an IPv4 address, on average about 17', () => {
    let sum = 0;
    let most = 0;
    for (let n = 0; n < 20_000; n++) {
      const { asked, looks } = countedAddress(nth(n * 31 + 7));
      tree.find(asked);
      // One look to compare the node, one to choose the way on.
      const steps = Math.ceil(looks() / 2);
      sum += steps;
      most = Math.max(most, steps);
    }
    expect(most).at.most(33);
    expect(sum / 20_000).below(20);
  });

  it('cost no memory to ask', () => {
    const asked = new PeerAddress();
    const ask = (times: number): number => {
      let found = 0;
      for (let n = 0; n < times; n++) {
        if (tree.find(asked.set(0, 0, 0xffff, nth(n * 17), 0)) !== undefined) found++;
      }
      return found;
    };
    ask(200_000);
    const before = process.memoryUsage().heapUsed;
    const found = ask(1_000_000);
    expect(found).above(0);
    expect(process.memoryUsage().heapUsed - before).below(4 << 20);
  });
});
