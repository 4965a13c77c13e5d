import { AddressRanges, isLoopback, ServerError } from 'beaconry';
import { expect } from 'chai';
import { AddressMap } from '../../../server-browser/master/address-map.js';
import { at } from './build.js';

const host = (text: string) => at(text.includes(':') ? `[${text}]:1` : `${text}:1`);

describe('address ranges', () => {
  for (const [cidr, inside, outside] of [
    ['192.0.2.0/24', ['192.0.2.0', '192.0.2.255'], ['192.0.1.255', '192.0.3.0', '2001:db8::1']],
    ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127']],
    ['192.0.2.1', ['192.0.2.1'], ['192.0.2.0', '192.0.2.2']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['2001:db8::1']],
    ['::/0', ['2001:db8::1', '::1'], ['192.0.2.1']],
    ['2001:db8::/33', ['2001:db8:7fff::1'], ['2001:db8:8000::1']],
    ['2001:db8::1', ['2001:db8::1'], ['2001:db8::2']],
    ['fe80::/10', ['fe80::1', 'febf::1'], ['fec0::1']],
  ] as const) {
    it(`${cidr} holds ${inside.join(', ')}, not ${outside.join(', ')}`, () => {
      const ranges = new AddressRanges([cidr]);
      for (const text of inside) expect(ranges.includes(host(text)), text).to.equal(true);
      for (const text of outside) expect(ranges.includes(host(text)), text).to.equal(false);
    });
  }

  it('names a range that it cannot read', () => {
    expect(() => new AddressRanges(['10.0.0.0/99'])).to.throw(ServerError, '10.0.0.0/99');
  });

  it('knows loopback of both families', () => {
    const texts = ['127.0.0.1', '127.255.0.1', '::1', '128.0.0.1', '::2', '10.0.0.1'];
    expect(texts.map((text) => isLoopback(host(text)))).to.deep.equal([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('address map', () => {
  it('maps to an address of either family and keeps the port', () => {
    const map = new AddressMap(new Map([['10.0.0.0/8', '2001:db8::7']]), {
      ipv4: null,
      ipv6: null,
    });
    expect(map.listed(at('10.1.2.3:27015')).toString()).to.equal('[2001:db8::7]:27015');
    expect(map.listed(at('11.1.2.3:27015')).toString()).to.equal('11.1.2.3:27015');
  });

  it('prefers the ranges of the operator to the public address', () => {
    const map = new AddressMap(new Map([['10.0.0.0/8', '192.0.2.7']]), {
      ipv4: '192.0.2.1',
      ipv6: '2001:db8::1',
    });
    const listed = ['10.0.0.1:1', '192.168.0.1:1', '[fd00::1]:1', '[2001:db8::2]:1'];
    expect(listed.map((text) => map.listed(at(text)).toString())).to.deep.equal([
      '192.0.2.7:1',
      '192.0.2.1:1',
      '[2001:db8::1]:1',
      '[2001:db8::2]:1',
    ]);
  });

  it('names an address that it cannot read', () => {
    const ranges = new Map([['10.0.0.0/8', 'master.example']]);
    expect(() => new AddressMap(ranges, { ipv4: null, ipv6: null })).to.throw(
      ServerError,
      'master.example',
    );
  });
});
