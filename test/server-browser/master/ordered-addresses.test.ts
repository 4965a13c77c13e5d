import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  compareAddresses,
  OrderedAddresses,
} from '../../../server-browser/master/ordered-addresses.js';
import { at } from './build.js';

interface Item {
  readonly address: PeerAddress;
}
const walk = (list: OrderedAddresses<Item>, after?: PeerAddress): string[] => {
  const seen: string[] = [];
  list.scan(after, ({ address }) => seen.push(address.toString()) > 0);
  return seen;
};

describe('ordered addresses', () => {
  it('orders addresses as unsigned numbers, then ports', () => {
    const list = new OrderedAddresses<Item>();
    const inOrder = [
      '1.0.0.1:5',
      '9.0.0.1:4',
      '127.0.0.1:9',
      '127.0.0.1:80',
      '200.0.0.1:1',
      '255.0.0.1:1',
    ];
    for (const text of inOrder.toReversed()) list.insert({ address: at(text) });
    expect(walk(list)).to.deep.equal(inOrder);
  });

  it('orders IPv6 addresses likewise', () => {
    const list = new OrderedAddresses<Item>();
    const inOrder = ['[::1]:5', '[2001:db8::1]:4', '[2001:db8::1:0]:4', '[fd00::1]:1'];
    for (const text of inOrder.toReversed()) list.insert({ address: at(text) });
    expect(walk(list)).to.deep.equal(inOrder);
  });

  it('continues behind an address that is not in the list', () => {
    const list = new OrderedAddresses<Item>();
    for (const text of ['10.0.0.1:1', '10.0.0.3:1']) list.insert({ address: at(text) });
    expect(walk(list, at('10.0.0.1:1'))).to.deep.equal(['10.0.0.3:1']);
    expect(walk(list, at('10.0.0.2:65535'))).to.deep.equal(['10.0.0.3:1']);
    expect(walk(list, at('0.0.0.1:1'))).to.deep.equal(['10.0.0.1:1', '10.0.0.3:1']);
    expect(walk(list, at('10.0.0.3:1'))).to.deep.equal([]);
  });

  it('stops when the visitor says so', () => {
    const list = new OrderedAddresses<Item>();
    for (const text of ['10.0.0.1:1', '10.0.0.3:1']) list.insert({ address: at(text) });
    let visits = 0;
    list.scan(undefined, () => {
      visits++;
      return false;
    });
    expect(visits).to.equal(1);
  });

  it('behaves as a sorted array under any coming and going', () => {
    // Few distinct addresses over many steps: pieces split, empty and are hit at their edges.
    const address = fc
      .tuple(fc.constantFrom(10, 127, 128, 255), fc.nat(40), fc.nat(40))
      .map(([high, low, port]) => new PeerAddress().set(0, 0, 0xffff, (high << 24) | low, port));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), address), { minLength: 1000, maxLength: 3000 }),
        address,
        address,
        (steps, from, to) => {
          const list = new OrderedAddresses<Item>();
          const model = new Map<string, PeerAddress>();
          for (const [coming, peer] of steps) {
            const known = model.has(peer.toString());
            expect(list.find(peer) !== undefined).to.equal(known);
            if (coming && !known) {
              list.insert({ address: peer });
              model.set(peer.toString(), peer);
            } else if (!coming) {
              expect(list.remove(peer) !== undefined).to.equal(known);
              model.delete(peer.toString());
            }
          }
          const sorted = [...model.values()].sort(compareAddresses);
          expect(list.size).to.equal(sorted.length);
          expect(walk(list)).to.deep.equal(sorted.map(String));
          const later = sorted.filter((peer) => compareAddresses(peer, from) > 0);
          expect(walk(list, from)).to.deep.equal(later.map(String));
          const [low, high] = compareAddresses(from, to) < 0 ? [from, to] : [to, from];
          expect(list.countBetween(low, high)).to.equal(
            sorted.filter(
              (peer) => compareAddresses(peer, low) >= 0 && compareAddresses(peer, high) <= 0,
            ).length,
          );
        },
      ),
      { numRuns: 20 },
    );
  });
});
