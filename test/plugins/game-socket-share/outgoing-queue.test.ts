import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { OutgoingQueue } from '../../../plugins/game-socket-share/outgoing-queue.js';

const to = PeerAddress.of('192.0.2.1', 1);
const datagram = (first: number, length = 1) => ({
  bytes: new Uint8Array(length).fill(first),
  to,
});
const drain = (queue: OutgoingQueue) => {
  const firsts: (number | undefined)[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift())
    firsts.push(next.bytes[0]);
  return firsts;
};

describe('OutgoingQueue', () => {
  it('gives datagrams back in the order they came', () => {
    const queue = new OutgoingQueue({ datagrams: 3, bytes: 100 });
    for (let round = 0; round < 3; round++) {
      queue.push(datagram(1));
      queue.push(datagram(2));
      expect(drain(queue)).deep.equal([1, 2]);
    }
  });

  it('drops the oldest when there are too many, and counts', () => {
    const queue = new OutgoingQueue({ datagrams: 3, bytes: 100 });
    for (const first of [1, 2, 3, 4, 5]) queue.push(datagram(first));
    expect(queue.length).equal(3);
    expect(queue.dropped).equal(2);
    expect(drain(queue)).deep.equal([3, 4, 5]);
  });

  it('drops the oldest when they hold too many bytes', () => {
    const queue = new OutgoingQueue({ datagrams: 10, bytes: 100 });
    for (const first of [1, 2, 3]) queue.push(datagram(first, 40));
    expect(drain(queue)).deep.equal([2, 3]);
    expect(queue.dropped).equal(1);
  });

  it('is empty after clear', () => {
    const queue = new OutgoingQueue({ datagrams: 2, bytes: 100 });
    queue.push(datagram(1));
    queue.clear();
    expect(queue.length).equal(0);
    expect(queue.shift()).equal(undefined);
  });
});
