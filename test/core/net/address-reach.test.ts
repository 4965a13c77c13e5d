import { canReach, isLoopback, PeerAddress, reachOf } from 'beaconry';
import { expect } from 'chai';

const at = (host: string) => PeerAddress.of(host, 1);

describe('reachOf', () => {
  const expected = {
    '127.0.0.1': '127.0.0.0/8',
    '127.255.255.255': '127.0.0.0/8',
    '::1': '127.0.0.0/8',
    '10.255.0.1': '10.0.0.0/8',
    '11.0.0.1': 'public',
    '172.15.255.255': 'public',
    '172.16.0.0': '172.16.0.0/12',
    '172.31.255.255': '172.16.0.0/12',
    '172.32.0.0': 'public',
    '192.168.3.4': '192.168.0.0/16',
    '192.169.0.0': 'public',
    '100.63.255.255': 'public',
    '100.64.0.1': '100.64.0.0/10',
    '100.128.0.0': 'public',
    '169.254.169.254': '169.254.0.0/16',
    '198.51.100.7': 'public',
    '255.255.255.255': 'public',
    'fc00::1': 'fc00::/7',
    'fdff::1': 'fc00::/7',
    'fe80::1': 'fe80::/10',
    'febf::1': 'fe80::/10',
    'fec0::1': 'public',
    '2001:db8::1': 'public',
    '::2': 'public',
    '::ffff:10.0.0.1': '10.0.0.0/8',
  } as const;
  for (const [host, reach] of Object.entries(expected)) {
    it(`says ${reach} of ${host}`, () => {
      expect(reachOf(at(host))).equal(reach);
      expect(isLoopback(at(host))).equal(reach === '127.0.0.0/8');
    });
  }
});

describe('canReach', () => {
  it('lets everybody reach public addresses', () => {
    for (const from of ['203.0.113.1', '10.0.0.1', '127.0.0.1']) {
      expect(canReach(at(from), at('198.51.100.7'))).equal(true);
    }
  });

  it('lets only the same range reach private addresses', () => {
    expect(canReach(at('10.9.9.9'), at('10.0.0.1'))).equal(true);
    expect(canReach(at('192.168.0.1'), at('10.0.0.1'))).equal(false);
    expect(canReach(at('203.0.113.1'), at('10.0.0.1'))).equal(false);
    expect(canReach(at('2001:db8::1'), at('fd00::1'))).equal(false);
  });

  it('lets only this machine reach loopback, and this machine all it can see', () => {
    expect(canReach(at('10.0.0.1'), at('127.0.0.1'))).equal(false);
    expect(canReach(at('::1'), at('127.0.0.1'))).equal(true);
    expect(canReach(at('127.0.0.1'), at('192.168.0.1'))).equal(true);
  });
});
