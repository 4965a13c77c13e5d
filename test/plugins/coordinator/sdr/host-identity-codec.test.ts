import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  formatIdentity,
  identityOf,
  isAnonymousGameServer,
  parseIdentity,
} from '../../../../plugins/coordinator/sdr/host-identity-codec.js';
import type { LegacyIdentity } from '../../../../plugins/coordinator/sdr/sdr_pb.js';

const legacy = (fields: Partial<LegacyIdentity>): LegacyIdentity =>
  ({
    steamId: 0n,
    genericString: '',
    genericBytes: new Uint8Array(),
    ipv6AndPort: new Uint8Array(),
    ...fields,
  }) as LegacyIdentity;

describe('identities', () => {
  for (const text of [
    'steamid:76561197960287930',
    'steamid:90071992547409920',
    'xboxpwid:abcDEF0123456789',
    'psn:12345678901234567890',
    'ip:192.0.2.10',
    'ip:192.0.2.10:27015',
    'ip:2001:db8::1',
    'ip:[2001:db8::1]:27015',
    'ip:::1',
    'str:alice',
    'str:Alice Smith',
    'gen:00ff10',
    'mygame:12345',
  ]) {
    it(`reads and writes ${text}`, () => {
      expect(formatIdentity(parseIdentity(text))).to.equal(text);
    });
  }

  it('prints an IPv4 address that came as IPv6 as IPv4, and hex digits in lower case', () => {
    expect(formatIdentity(parseIdentity('ip:::ffff:192.0.2.10'))).to.equal('ip:192.0.2.10');
    expect(formatIdentity(parseIdentity('gen:00FF'))).to.equal('gen:00ff');
  });

  for (const text of [
    '',
    'invalid',
    'Alice!',
    'str:',
    `str:${'x'.repeat(32)}`,
    'STR:alice',
    'steamid:0',
    'steamid:76561197960265728',
    'steamid:18446744073709551616',
    'steamid:0x110000100000001',
    'psn:-1',
    'ip:300.1.1.1',
    'ip:fe80::1%eth0',
    'ip:192.0.2.10:70000',
    'gen:abc',
    'gen:',
    `gen:${'00'.repeat(33)}`,
    `xboxpwid:${'x'.repeat(33)}`,
    `${'k'.repeat(17)}:x`,
    `other:${'x'.repeat(122)}`,
    'str:a\nb',
  ]) {
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () => {
      expect(() => parseIdentity(text)).to.throw(DecodeError);
    });
  }

  it('takes the text before the binary form, and that before the old SteamID field', () => {
    const binary = legacy({ genericString: 'binary' });
    const steamId = 76561197960287930n;
    expect(
      identityOf({
        identityString: 'str:text',
        legacyIdentityBinary: binary,
        legacySteamId: steamId,
      }),
    ).to.equal('str:text');
    expect(
      identityOf({ identityString: '', legacyIdentityBinary: binary, legacySteamId: steamId }),
    ).to.equal('str:binary');
    expect(identityOf({ legacySteamId: steamId })).to.equal('steamid:76561197960287930');
    expect(identityOf({})).to.equal(undefined);
  });

  it('reads each binary form', () => {
    const read = (fields: Partial<LegacyIdentity>) =>
      identityOf({ legacyIdentityBinary: legacy(fields) });
    expect(read({ steamId: 76561197960287930n })).to.equal('steamid:76561197960287930');
    expect(read({ genericBytes: Uint8Array.of(1, 255) })).to.equal('gen:01ff');
    const address = Uint8Array.of(
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      255,
      255,
      192,
      0,
      2,
      10,
      0x69,
      0x87,
    );
    expect(read({ ipv6AndPort: address })).to.equal('ip:192.0.2.10:27015');
    expect(() => read({})).to.throw(DecodeError);
  });

  it('takes a clan as text but not in binary, where only people and game servers may stand', () => {
    const clan = 103582791429521412n;
    expect(parseIdentity(`steamid:${clan}`).kind).to.equal('steamid');
    expect(() => identityOf({ legacySteamId: clan })).to.throw(DecodeError, /neither a person/);
  });

  it('knows anonymous game servers, whose account may be 0', () => {
    expect(isAnonymousGameServer('steamid:90071992547409920')).to.equal(true);
    expect(isAnonymousGameServer('steamid:76561197960287930')).to.equal(false);
    expect(isAnonymousGameServer('str:alice')).to.equal(false);
  });

  it('throws nothing but DecodeError for any text, and what it accepts comes back as itself', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .tuple(
              fc.constantFrom('steamid', 'psn', 'ip', 'str', 'gen', 'xboxpwid', 'new'),
              fc.string(),
            )
            .map(([kind, value]) => `${kind}:${value}`),
        ),
        (text) => {
          try {
            const printed = formatIdentity(parseIdentity(text));
            expect(formatIdentity(parseIdentity(printed))).to.equal(printed);
          } catch (error) {
            expect(error).to.be.instanceOf(DecodeError);
          }
        },
      ),
    );
  });
});
