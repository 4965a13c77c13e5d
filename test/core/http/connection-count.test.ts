import { expect } from 'chai';
import { ConnectionCount } from '../../../core/http/connection-count.js';

describe('ConnectionCount', () => {
  const taken = (count: ConnectionCount, ...addresses: string[]) =>
    addresses.map((address) => count.take(address) !== undefined);

  it('bounds the connections of one address, in whatever form it comes', () => {
    const count = new ConnectionCount(2, []);
    const addresses = ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1', '192.0.2.2'];
    expect(taken(count, ...addresses)).to.deep.equal([true, true, false, true]);
  });

  it('takes a /64 of IPv6 for one caller', () => {
    const count = new ConnectionCount(1, []);
    const addresses = ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'];
    expect(taken(count, ...addresses)).to.deep.equal([true, false, true]);
  });

  it('forgets an address when its last connection ends', () => {
    const count = new ConnectionCount(1, []);
    const release = count.take('192.0.2.1');
    expect(count.take('192.0.2.1')).to.equal(undefined);
    release?.();
    expect(count.size).to.equal(0);
    expect(count.take('192.0.2.1')).to.be.a('function');
  });

  it('does not count loopback and trusted proxies', () => {
    const count = new ConnectionCount(1, ['198.51.100.0/24', '2001:db8::7']);
    const exempt = ['127.0.0.1', '::1', '198.51.100.7', '2001:db8::7'];
    expect(taken(count, ...exempt, ...exempt)).to.not.include(false);
    expect(count.size).to.equal(0);
    expect(taken(count, '198.51.101.7', '198.51.101.7')).to.deep.equal([true, false]);
  });
});
