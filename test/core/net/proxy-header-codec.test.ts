import { DecodeError } from 'beaconry';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeProxyHeader,
  longestProxyHeader,
  mayBeProxyHeader,
} from '../../../core/net/proxy-header-codec.js';

const signature = hex`0d 0a 0d 0a 00 0d 0a "QUIT" 0a`;
const ipv4 = hex`${signature} 21 11 00 0c  # version 2, PROXY, TCP over IPv4, 12 bytes
  c0 00 02 07  c6 33 64 01                  # 192.0.2.7 to 198.51.100.1
  d4 31  01 bb                              # port 54321 to 443`;
const ipv6 = hex`${signature} 21 21 00 2a
  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 07
  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01
  d4 31  01 bb
  04 00 03 00 00 00                         # an extension: NOOP`;

describe('the PROXY v2 header', () => {
  it('says for whom a proxy speaks, over IPv4 and IPv6, and where it ends', () => {
    const after = (bytes: Uint8Array) => hex`${bytes} "hello"`;
    const first = decodeProxyHeader(after(ipv4));
    expect([String(first?.source), first?.length]).deep.equal(['192.0.2.7:54321', 28]);
    const second = decodeProxyHeader(after(ipv6));
    expect([String(second?.source), second?.length]).deep.equal(['[2001:db8::7]:54321', 58]);
  });

  it('says nothing of a proxy that speaks for itself or does not know', () => {
    for (const header of [
      hex`${signature} 20 00 00 00`,
      hex`${signature} 20 11 00 0c c0 00 02 07 c6 33 64 01 d4 31 01 bb`,
      hex`${signature} 21 00 00 03 01 02 03`,
    ]) {
      const read = decodeProxyHeader(header);
      expect([read?.source, read?.length]).deep.equal([undefined, header.length]);
    }
  });

  it('waits for the rest at every length', () => {
    for (const whole of [ipv4, ipv6]) {
      for (let length = 0; length < whole.length; length++) {
        expect(mayBeProxyHeader(whole.subarray(0, length))).equal(true);
        expect(decodeProxyHeader(whole.subarray(0, length)), String(length)).equal(undefined);
      }
    }
  });

  it('is refused when it is another version, command or family, too long, or too short', () => {
    for (const bytes of [
      hex`"GET / HTTP/1.1"`,
      hex`0d 0a 0d 0a 00 0d 0a "QUIX"`,
      hex`${signature} 11 11 00 0c`,
      hex`${signature} 22 11 00 0c`,
      hex`${signature} 21 12 00 0c ${new Uint8Array(12)}`,
      hex`${signature} 21 31 00 d8 ${new Uint8Array(216)}`,
      hex`${signature} 21 11 00 0b ${new Uint8Array(11)}`,
      hex`${signature} 21 21 00 23 ${new Uint8Array(35)}`,
      hex`${signature} 21 11 ff ff`,
    ]) {
      expect(() => decodeProxyHeader(bytes), Buffer.from(bytes).toString('hex')).throw(DecodeError);
    }
  });

  it('of random bytes is refused, waited for or read, and never longer than the limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
        try {
          const read = decodeProxyHeader(hex`${signature} ${tail}`);
          if (read !== undefined) expect(read.length).most(longestProxyHeader);
        } catch (error) {
          expect(error).instanceOf(DecodeError);
        }
      }),
    );
  });
});
