import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { newDriverStats } from '../../../../core/net/datagram-driver.js';
import type { Libc } from '../../../../core/net/drivers/native/libc.js';
import { SendQueue } from '../../../../core/net/drivers/native/send-queue.js';

const EAGAIN = 11;
const EINVAL = 22;
const HEADER = 64;
const IOV_LENGTH = 24;
const CONTROL_LENGTH = 40;

/** A kernel that notes how many datagrams each message held, and fails as it is told. */
class Kernel {
  readonly taken: number[] = [];
  #errno = 0;
  constructor(private readonly fails: (datagrams: number) => number) {}

  get libc(): Libc {
    return {
      addressOf: () => 4096n,
      errno: () => this.#errno,
      sendmmsg: (_descriptor: number, headers: Buffer, count: number) => {
        for (let i = 0; i < count; i++) {
          const datagrams = headers.readUInt32LE(i * HEADER + IOV_LENGTH);
          const marked = headers.readUInt32LE(i * HEADER + CONTROL_LENGTH) > 0;
          expect(marked).equal(datagrams > 1);
          this.#errno = this.fails(datagrams);
          if (this.#errno !== 0) return i === 0 ? -1 : i;
          this.taken.push(datagrams);
        }
        return count;
      },
    } as unknown as Libc;
  }
}

describe('send queue of the native driver', () => {
  const [one, other] = [PeerAddress.of('192.0.2.1', 1), PeerAddress.of('192.0.2.2', 1)];
  const queueFor = (kernel: Kernel) => {
    const stats = newDriverStats();
    return { stats, queue: new SendQueue(kernel.libc, 3, false, true, stats) };
  };
  const push = (queue: SendQueue, to: PeerAddress, count: number) => {
    for (let i = 0; i < count; i++) queue.push(Buffer.alloc(1400), to);
  };

  it('sends neighbours of one size to one peer as a train', () => {
    const kernel = new Kernel(() => 0);
    const { queue, stats } = queueFor(kernel);
    push(queue, one, 3);
    push(queue, other, 2);
    queue.flush();
    expect(kernel.taken).deep.equal([3, 2]);
    expect([stats.sent, stats.sentBytes, stats.sendFailures]).deep.equal([5, 7000, 0]);
  });

  it('sends a train that the path does not take as single datagrams', () => {
    const kernel = new Kernel((datagrams) => (datagrams > 1 ? EINVAL : 0));
    const { queue, stats } = queueFor(kernel);
    push(queue, other, 1);
    push(queue, one, 3);
    push(queue, other, 2);
    queue.flush();
    expect(kernel.taken).deep.equal([1, 1, 1, 1, 1, 1]);
    expect([stats.sent, stats.sentBytes, stats.sendFailures]).deep.equal([6, 8400, 0]);
  });

  it('loses only the datagram that cannot be sent at all', () => {
    let calls = 0;
    // The second one ends a call, and is refused again when the next call begins with it.
    const isRefused = () => [2, 3].includes(++calls);
    const kernel = new Kernel((datagrams) => (datagrams > 1 || isRefused() ? EINVAL : 0));
    const { queue, stats } = queueFor(kernel);
    push(queue, one, 3);
    queue.flush();
    expect([stats.sent, stats.sendFailures]).deep.equal([2, 1]);
  });

  it('drops and counts what a full buffer does not take', () => {
    const { queue, stats } = queueFor(new Kernel(() => EAGAIN));
    push(queue, one, 3);
    queue.flush();
    expect([stats.sent, stats.sendFailures, queue.isEmpty]).deep.equal([0, 3, true]);
  });
});
