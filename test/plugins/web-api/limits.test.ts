import { HttpError, PeerAddress } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { AddressCount } from '../../../plugins/web-api/address-count.js';
import { SharedQueries } from '../../../plugins/web-api/game-servers/shared-queries.js';
import { ListWork, TooMuchWork } from '../../../plugins/web-api/steam-web-api/list-work.js';

const from = (host: string) => PeerAddress.of(host, 0);

describe('AddressCount', () => {
  it('counts a /64 as one address', () => {
    const count = new AddressCount('things', 100, 2);
    const give = count.take('2001:db8:1:1::1');
    count.take('2001:db8:1:1:ffff::2');
    expect(() => count.take('2001:db8:1:1::3')).throw(HttpError, /already/);
    count.take('2001:db8:1:2::1');
    give();
    count.take('2001:db8:1:1::3');
    expect(count.size).equal(3);
  });
});

describe('packets that wait for a game that does not take them out', () => {
  it('are bounded in bytes, the oldest making room', () => {
    const queue = new SharedQueries(new FakeClock());
    for (let i = 0; i < 500; i++) queue.push(new Uint8Array(1400).fill(i), from('192.0.2.1'));
    let bytes = 0;
    let last = 0;
    for (let packet = queue.next(); packet !== undefined; packet = queue.next()) {
      bytes += packet.bytes.length;
      last = packet.bytes[0] as number;
    }
    expect(bytes).within(200 * 1024, 256 * 1024);
    expect(last).equal(499 & 255);
  });

  it('stay as they were when the memory they came in is read into again', () => {
    const queue = new SharedQueries(new FakeClock());
    const memory = Buffer.from([1, 2, 3]);
    queue.push(memory, from('192.0.2.1'));
    memory.fill(0xee);
    expect([...(queue.next()?.bytes ?? [])]).deep.equal([1, 2, 3]);
  });
});

describe('lists of servers for anybody', () => {
  const work = (cost: number) => {
    const clock = new FakeClock();
    return { clock, work: new ListWork(clock, { ofFilter: () => cost, hosted: () => 1000 }) };
  };
  const paid = (task: () => void): number => {
    for (let count = 0; ; count++) {
      try {
        task();
      } catch (error) {
        expect(error).instanceOf(TooMuchWork);
        return count;
      }
    }
  };

  it('cost an address its share, by filter and by length of the answer, and others nothing', async () => {
    const { clock, work: lists } = work(20_000);
    expect(paid(() => lists.payList(from('192.0.2.1'), '', 20_000))).equal(3);
    lists.payList(from('192.0.2.2'), '', 20_000);
    await clock.advance(1000);
    expect(paid(() => lists.payList(from('192.0.2.1'), '', 100))).equal(198);
  });

  it('may cost more than anybody can save up, once', () => {
    const { work: lists } = work(1e12);
    expect(paid(() => lists.payList(from('192.0.2.1'), '', 1))).equal(1);
  });

  it('cost all together no more than there is', () => {
    const { work: lists } = work(7_000_000);
    let asked = 0;
    expect(paid(() => lists.payList(from(`192.0.2.${asked++}`), '', 1))).equal(5);
  });

  it('are paid by searches for game servers of this process too', () => {
    const { work: lists } = work(0);
    expect(paid(() => lists.paySearches(from('192.0.2.1'), 100))).equal(7);
  });
});
