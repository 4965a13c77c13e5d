import { AddressLimit, GlobalLimit, ListBudget, PeerAddress, PrefixLimit } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';

const at = (host: string) => PeerAddress.of(host, 1);
const count = (times: number, take: () => boolean) =>
  Array.from({ length: times }, take).filter(Boolean).length;

describe('AddressLimit', () => {
  it('gives each address its burst and then its rate', async () => {
    const clock = new FakeClock();
    const limit = new AddressLimit(clock, { perSecond: 10, burst: 20 });
    expect(count(50, () => limit.take(at('192.0.2.1')))).equal(20);
    expect(count(50, () => limit.take(at('192.0.2.2')))).equal(20);
    await clock.advance(1000);
    expect(count(50, () => limit.take(at('192.0.2.1')))).equal(10);
  });

  it('counts an IPv6 /64 as one address, since whoever has one of it has all', () => {
    const limit = new AddressLimit(new FakeClock(), { perSecond: 1, burst: 3 });
    expect(count(2, () => limit.take(at('2001:db8:1:1::1')))).equal(2);
    expect(count(9, () => limit.take(at('2001:db8:1:1:ffff::9')))).equal(1);
    expect(count(9, () => limit.take(at('2001:db8:1:2::1')))).equal(3);
  });

  it('tells what is left without taking it', () => {
    const limit = new AddressLimit(new FakeClock(), { perSecond: 1, burst: 2 });
    expect(count(9, () => limit.has(at('192.0.2.1')))).equal(9);
    expect(count(9, () => limit.take(at('192.0.2.1')))).equal(2);
    expect(limit.has(at('192.0.2.1'))).equal(false);
  });

  it('does not grow and does not block the others when 100,000 addresses come', () => {
    const limit = new AddressLimit(new FakeClock(), { perSecond: 1, burst: 1, size: 1024 });
    let refused = 0;
    for (let i = 0; i < 100_000; i++) {
      const stranger = new PeerAddress().set(0, 0, 0xffff, i, 1);
      if (!limit.take(stranger)) refused++;
    }
    expect(refused).equal(0);
  });
});

describe('PrefixLimit', () => {
  it('counts a /24 and a /48 as one party', () => {
    const limit = new PrefixLimit(new FakeClock(), { perSecond: 1, burst: 3 });
    expect(count(1, () => limit.take(at('192.0.2.1')))).equal(1);
    expect(count(9, () => limit.take(at('192.0.2.254')))).equal(2);
    expect(count(9, () => limit.take(at('192.0.3.1')))).equal(3);
    expect(count(2, () => limit.take(at('2001:db8:1:1::1')))).equal(2);
    expect(count(9, () => limit.take(at('2001:db8:1:ffff::9')))).equal(1);
    expect(count(9, () => limit.take(at('2001:db8:2::9')))).equal(3);
  });
});

describe('GlobalLimit', () => {
  it('refills with time up to its burst', async () => {
    const clock = new FakeClock();
    const limit = new GlobalLimit(clock, { perSecond: 100, burst: 5 });
    expect(count(10, () => limit.take())).equal(5);
    await clock.advance(20);
    expect(count(10, () => limit.take())).equal(2);
    await clock.advance(60_000);
    expect(count(10, () => limit.take())).equal(5);
  });
});

describe('ListBudget', () => {
  it('pays 128 pages at once for one /24 and then 30 a second', async () => {
    const clock = new FakeClock();
    const budget = new ListBudget(clock, { bitsPerSecond: 1e9 });
    expect(count(500, () => budget.take(at('192.0.2.1'), 1392))).equal(128);
    await clock.advance(1000);
    expect(count(500, () => budget.take(at('192.0.2.77'), 1392))).equal(30);
    expect(budget.refused).equal(372 + 470);
  });

  it('pays no more than its bits per second to all together', async () => {
    const clock = new FakeClock();
    const budget = new ListBudget(clock, { bitsPerSecond: 8_000_000 });
    const many = () => {
      let paid = 0;
      for (let i = 0; i < 3000; i++) {
        if (budget.take(new PeerAddress().set(0, 0, 0xffff, i << 8, 1), 1000)) paid++;
      }
      return paid;
    };
    expect(many()).equal(1000);
    await clock.advance(500);
    expect(many()).equal(500);
  });

  it('is off at 0 bits per second', () => {
    const budget = new ListBudget(new FakeClock(), { bitsPerSecond: 0 });
    expect(count(5000, () => budget.take(at('192.0.2.1'), 1392))).equal(5000);
  });
});
