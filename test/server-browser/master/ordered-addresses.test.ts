import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import { AddressColumns } from '../../../server-browser/master/address-columns.js';
import { AddressIndex } from '../../../server-browser/master/address-index.js';
import { OrderedAddresses } from '../../../server-browser/master/ordered-addresses.js';
import { at } from './build.js';

/** Addresses in slots, their order and their index, as a table has them. */
class Rig {
  readonly addresses = new AddressColumns();
  readonly order = new OrderedAddresses(this.addresses);
  readonly index = new AddressIndex(this.addresses);
  readonly #free: number[] = [];
  #used = 0;

  insert(address: PeerAddress): void {
    const slot = this.#free.pop() ?? this.#used++;
    if (slot >= this.addresses.size) this.addresses.grow(Math.max(8, slot * 2));
    this.addresses.write(slot, address);
    this.order.insert(slot);
    this.index.add(slot);
  }
  remove(address: PeerAddress): boolean {
    const slot = this.index.find(address);
    if (slot === -1) return false;
    expect(this.order.remove(slot)).to.equal(true);
    this.index.remove(slot);
    this.#free.push(slot);
    return true;
  }
  has(address: PeerAddress): boolean {
    return this.index.find(address) !== -1;
  }
  walk(after?: PeerAddress): string[] {
    const seen: string[] = [];
    this.order.scan(after, (slot) => seen.push(this.addresses.read(slot).toString()) > 0);
    return seen;
  }
}

const compareAddresses = (one: PeerAddress, other: PeerAddress): number => {
  const words = ({ a, b, c, d, port }: PeerAddress) => [a >>> 0, b >>> 0, c >>> 0, d >>> 0, port];
  const [left, right] = [words(one), words(other)];
  const at = left.findIndex((word, i) => word !== right[i]);
  return at === -1 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
};

describe('ordered addresses', () => {
  it('orders addresses as unsigned numbers, then ports', () => {
    const list = new Rig();
    const inOrder = [
      '1.0.0.1:5',
      '9.0.0.1:4',
      '127.0.0.1:9',
      '127.0.0.1:80',
      '200.0.0.1:1',
      '255.0.0.1:1',
    ];
    for (const text of inOrder.toReversed()) list.insert(at(text));
    expect(list.walk()).to.deep.equal(inOrder);
  });

  it('orders IPv6 addresses likewise', () => {
    const list = new Rig();
    const inOrder = ['[::1]:5', '[2001:db8::1]:4', '[2001:db8::1:0]:4', '[fd00::1]:1'];
    for (const text of inOrder.toReversed()) list.insert(at(text));
    expect(list.walk()).to.deep.equal(inOrder);
  });

  it('continues behind an address that is not in the list', () => {
    const list = new Rig();
    for (const text of ['10.0.0.1:1', '10.0.0.3:1']) list.insert(at(text));
    expect(list.walk(at('10.0.0.1:1'))).to.deep.equal(['10.0.0.3:1']);
    expect(list.walk(at('10.0.0.2:65535'))).to.deep.equal(['10.0.0.3:1']);
    expect(list.walk(at('0.0.0.1:1'))).to.deep.equal(['10.0.0.1:1', '10.0.0.3:1']);
    expect(list.walk(at('10.0.0.3:1'))).to.deep.equal([]);
  });

  it('stops when the visitor says so', () => {
    const list = new Rig();
    for (const text of ['10.0.0.1:1', '10.0.0.3:1']) list.insert(at(text));
    let visits = 0;
    list.order.scan(undefined, () => {
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
          const list = new Rig();
          const model = new Map<string, PeerAddress>();
          for (const [coming, peer] of steps) {
            const known = model.has(peer.toString());
            expect(list.has(peer)).to.equal(known);
            if (coming && !known) {
              list.insert(peer);
              model.set(peer.toString(), peer);
            } else if (!coming) {
              expect(list.remove(peer)).to.equal(known);
              model.delete(peer.toString());
            }
          }
          const sorted = [...model.values()].sort(compareAddresses);
          expect(list.order.size).to.equal(sorted.length);
          expect(list.index.size).to.equal(sorted.length);
          expect(sorted.every((peer) => list.has(peer))).to.equal(true);
          expect(list.walk()).to.deep.equal(sorted.map(String));
          const later = sorted.filter((peer) => compareAddresses(peer, from) > 0);
          expect(list.walk(from)).to.deep.equal(later.map(String));
          const [low, high] = compareAddresses(from, to) < 0 ? [from, to] : [to, from];
          expect(list.order.countBetween(low, high)).to.equal(
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
