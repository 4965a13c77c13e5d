import { DecodeError } from 'beaconry';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  beginListPage,
  decodeListPage,
  decodeListRequest,
  encodeListPage,
  endListPage,
  listPageCapacity,
  writeListEntry,
} from '../../../server-browser/a2s-query/list-codec.js';
import { at } from './build.js';

describe('list request', () => {
  for (const [what, bytes, after] of [
    [
      'an IPv6 cursor',
      hex`31 FF "[2001:db8::1]:27015" 00 00`,
      { host: '2001:db8::1', port: 27015 },
    ],
    ['the IPv6 start', hex`31 FF "[::]:0" 00 00`, { host: '::', port: 0 }],
    ['no zero at all', hex`31 FF "192.0.2.1:27015"`, { host: '192.0.2.1', port: 27015 }],
    ['port 0', hex`31 FF "192.0.2.1:0" 00 00`, { host: '192.0.2.1', port: 0 }],
    [
      'a stray digit behind the port',
      hex`31 FF "192.0.2.1:77779" 00`,
      { host: '192.0.2.1', port: 7777 },
    ],
    [
      'a stray letter behind the port',
      hex`31 FF "192.0.2.1:27015q" 00`,
      { host: '192.0.2.1', port: 27015 },
    ],
  ] as const) {
    it(`is understood with ${what}`, () => {
      expect(decodeListRequest(bytes)).to.deep.equal({ region: 255, after, filter: '' });
    });
  }

  for (const cursor of [
    '',
    'master.example:1',
    '192.0.2.1',
    '192.0.2.1:',
    '192.0.2:1',
    '1.2.3.4.5:1',
    '[192.0.2.1]:1',
    '[zz]:1',
    '2001:db8::1:1',
  ]) {
    it(`is refused with the cursor ${JSON.stringify(cursor)}`, () => {
      const bytes = Uint8Array.of(0x31, 0xff, ...new TextEncoder().encode(cursor), 0, 0);
      expect(() => decodeListRequest(bytes)).to.throw(DecodeError);
    });
  }

  it('throws nothing but DecodeError', () => {
    const tries = (bytes: Uint8Array): void => {
      try {
        decodeListRequest(bytes);
      } catch (error) {
        expect(error).to.be.instanceOf(DecodeError);
      }
    };
    const whole = hex`31 FF "[2001:db8::1]:27015" 00 "filter" 00`;
    for (let length = 0; length <= whole.length; length++) tries(whole.subarray(0, length));
    const characters = fc.constantFrom(...Buffer.from('0129.:[]af\0\\'));
    fc.assert(
      fc.property(fc.array(fc.oneof(characters, fc.nat(255)), { maxLength: 40 }), (bytes) => {
        tries(Uint8Array.of(0x31, ...bytes));
      }),
    );
  });
});

describe('list page', () => {
  for (const [texts, ipv6] of [
    [['192.0.2.1:27015', '255.255.255.255:65535'], false],
    [['[2001:db8::1]:27015', '[ffff::1]:1'], true],
  ] as const) {
    it(`is the same from ${ipv6 ? 'IPv6' : 'IPv4'} addresses as numbers and as text`, () => {
      const addresses = texts.map(at);
      const writer = beginListPage(1392, 0xdeadbeef);
      for (const address of addresses) writeListEntry(writer, address, ipv6);
      const bytes = endListPage(writer, ipv6).toBytes();
      const servers = addresses.map(({ host, port }) => ({ host, port }));
      const page = { servers, last: true, key: 0xdeadbeef };
      expect(bytes).to.deep.equal(encodeListPage(page, ipv6));
      expect(decodeListPage(bytes, { ipv6, keyed: true })).to.deep.equal(page);
    });
  }

  it('holds 231 IPv4 or 77 IPv6 entries in 1392 bytes', () => {
    expect(listPageCapacity(1392, false, false)).to.equal(231);
    expect(listPageCapacity(1392, true, false)).to.equal(77);
    expect(listPageCapacity(1392, false, true)).to.equal(230);
  });
});
