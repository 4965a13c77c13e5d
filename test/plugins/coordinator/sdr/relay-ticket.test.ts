import { DecodeError, PeerAddress } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import { CertificateStore } from '../../../../plugins/coordinator/sdr/certificate-store.js';
import { encodeHostedRoute } from '../../../../plugins/coordinator/sdr/hosted-address-codec.js';
import {
  checkRelayTicket,
  issueRelayTicket,
  type TicketExpectation,
} from '../../../../plugins/coordinator/sdr/relay-ticket.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
  type ExtraField,
  encodeRelayTicket,
  encodeSignedRelayTicket,
  type RelayTicket,
} from '../../../../plugins/coordinator/sdr/relay-ticket-codec.js';
import { certify, codeOf, NOW, root, testKey } from '../credentials.js';
import { fromHex, toHex } from '../vectors.js';

const signer = testKey('signer');
const route = (pop: string) =>
  encodeHostedRoute({ pop, address: PeerAddress.of('192.0.2.10', 27015) });
const ticket = (fields: Partial<RelayTicket> = {}): RelayTicket => ({
  expiresAt: NOW + 3600,
  appId: 730,
  client: 'str:alice',
  server: 'steamid:90071992547409921',
  extra: [],
  route: route('iad'),
  ...fields,
});
const store = new CertificateStore({ roots: [root.publicKey.bytes] });
store.add(certify(signer, { appIds: [730], pops: ['iad', 'dev'] }));
const issue = (fields: Partial<RelayTicket> = {}, now = NOW) =>
  issueRelayTicket(signer, [], ticket(fields), now);
const check = (bytes: Uint8Array, expected: Partial<TicketExpectation> = {}) =>
  codeOf(() =>
    checkRelayTicket(bytes, store, {
      now: NOW,
      appId: 730,
      client: 'str:alice',
      virtualPort: 0,
      ...expected,
    }),
  );

describe('relay tickets', () => {
  it('encodes the fields by their numbers', () => {
    const bytes = encodeRelayTicket(
      ticket({
        virtualPort: 7,
        publicIp: PeerAddress.of('198.51.100.7', 0),
        extra: [
          { name: 'match', unsigned: 5n },
          { name: 'mode', text: 'duel' },
          { name: 'skill', signed: -3n },
        ],
      }),
    );
    const expected = [
      `0d${'10e0496b'}`, // 1 time_expiry
      '1d076433c6', // 3 authorized_public_ip, 198.51.100.7
      '38da05', // 7 app_id 730
      '42100a056d61746368290500000000000000', // 8 match, fixed64 5
      '420c0a046d6f6465120464' + '75656c', // 8 mode, string
      '42090a05736b696c6c1805', // 8 skill, sint64 -3
      '5007', // 10 virtual_port
      `5a0c${toHex(route('iad'))}`, // 11 gameserver_address
      `7209${Buffer.from('str:alice').toString('hex')}`, // 14
      `7a19${Buffer.from('steamid:90071992547409921').toString('hex')}`, // 15
    ].join('');
    expect(toHex(bytes)).to.equal(expected);
    expect(toHex(encodeRelayTicket(decodeRelayTicket(fromHex(expected))))).to.equal(expected);
  });

  it('comes back from bytes as it was', () => {
    const extra = fc.oneof(
      fc.record({ name: fc.string({ minLength: 1 }), text: fc.string() }),
      fc.record({
        name: fc.string({ minLength: 1 }),
        signed: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      }),
      fc.record({
        name: fc.string({ minLength: 1 }),
        unsigned: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      }),
    );
    const fields = fc.record({
      expiresAt: fc.nat(0xffffffff),
      appId: fc.nat(0xffffffff),
      client: fc.string(),
      server: fc.string(),
      extra: fc.array(extra, { maxLength: 3 }),
      route: fc.uint8Array({ maxLength: 128 }),
    });
    fc.assert(
      fc.property(fields, fc.option(fc.nat(0x7fffffff)), (plain, port) => {
        const full = { ...plain, ...(port === null ? {} : { virtualPort: port }) } as RelayTicket;
        const bytes = encodeRelayTicket(full);
        fc.pre(bytes.length <= 512);
        expect(encodeRelayTicket(decodeRelayTicket(bytes))).to.deep.equal(bytes);
        expect(decodeRelayTicket(bytes)).to.deep.equal(full);
      }),
    );
  });

  it('is accepted for its client, app and port', () => {
    expect(check(issue({ virtualPort: 0 }))).to.equal(undefined);
  });

  it('without a virtual port is good for any', () => {
    expect(check(issue(), { virtualPort: 17 })).to.equal(undefined);
  });

  it('signed by an unknown key is accepted when it brings its chain to a known root', () => {
    const deputy = testKey('deputy');
    const bytes = issueRelayTicket(deputy, [certify(deputy, { ca: signer })], ticket(), NOW);
    expect(check(bytes)).to.equal(undefined);
    const alone = issueRelayTicket(deputy, [], ticket(), NOW);
    expect(check(alone)).to.equal('CERT_CA_UNKNOWN');
    const many = Array.from({ length: 5 }, (_, i) => certify(testKey(`k${i}`)));
    expect(check(issueRelayTicket(deputy, many, ticket(), NOW))).to.equal('TICKET_CHAIN');
  });

  it('signed by the key of a data centre is refused, whatever stands between', () => {
    const centre = testKey('data centre');
    const certificate = certify(centre, { appIds: [730], pops: ['iad'], ca: signer });
    const issued = issueRelayTicket(centre, [certificate], ticket(), NOW);
    expect(check(issued)).to.equal('TICKET_SIGNER');
    const deputy = testKey('deputy');
    const chain = [certificate, certify(deputy, { ca: centre })];
    expect(check(issueRelayTicket(deputy, chain, ticket(), NOW))).to.equal('TICKET_SIGNER');
  });

  const cases: [string, () => Uint8Array, Partial<TicketExpectation>, string][] = [
    ['expired', () => issue({ expiresAt: NOW - 1 }, NOW - 100), {}, 'TICKET_EXPIRED'],
    ['past the lifetime a relay takes', () => issue(), { maxLifetime: 60 }, 'TICKET_LIFETIME'],
    ['for another app', () => issue(), { appId: 440 }, 'TICKET_WRONG_APP'],
    [
      'for an app its key may not sign for',
      () => issue({ appId: 440 }),
      { appId: 440 },
      'TICKET_WRONG_APP',
    ],
    ['for another virtual port', () => issue({ virtualPort: 1 }), {}, 'TICKET_WRONG_PORT'],
    ['of another client', () => issue({ client: 'str:bob' }), {}, 'TICKET_WRONG_CLIENT'],
    [
      'from another address than it says',
      () => issue({ publicIp: PeerAddress.of('198.51.100.7', 0) }),
      { address: PeerAddress.of('198.51.100.8', 5) },
      'TICKET_WRONG_ADDRESS',
    ],
    [
      'into a POP its key may not sign for',
      () => issue({ route: route('fra') }),
      {},
      'TICKET_WRONG_POP',
    ],
    ['into dev without the flag', () => issue({ route: route('dev') }), {}, 'TICKET_DEV'],
    [
      'with an address that names no POP',
      () => issue({ route: new Uint8Array(8) }),
      {},
      'TICKET_MALFORMED',
    ],
    ['too long', () => new Uint8Array(2049), {}, 'TICKET_TOO_LARGE'],
    ['no protobuf', () => Uint8Array.of(0xff, 0xff), {}, 'TICKET_MALFORMED'],
    [
      'unsigned',
      () =>
        encodeSignedRelayTicket({
          ...decodeSignedRelayTicket(issue()),
          signature: new Uint8Array(),
        }),
      {},
      'TICKET_UNSIGNED',
    ],
    [
      'changed after signing',
      () => {
        const signed = decodeSignedRelayTicket(issue());
        return encodeSignedRelayTicket({
          ...signed,
          ticket: encodeRelayTicket(ticket({ appId: 731 })),
        });
      },
      {},
      'TICKET_SIGNATURE',
    ],
  ];
  for (const [name, make, expected, code] of cases) {
    it(`is refused when ${name}: ${code}`, () => {
      expect(check(make(), expected)).to.equal(code);
    });
  }

  it('is refused when its key was revoked', () => {
    const strict = store.extendedBy([]);
    strict.setRevoked([signer.id]);
    expect(codeOf(() => checkRelayTicket(issue(), strict, { now: NOW }))).to.equal(
      'CERT_CA_REVOKED',
    );
  });

  it('leads into dev where that is allowed', () => {
    expect(check(issue({ route: route('dev') }), { dev: true })).to.equal(undefined);
  });

  const text = (name: string, length: number): ExtraField => ({ name, text: 'x'.repeat(length) });
  const limits: [string, Partial<RelayTicket>, string][] = [
    [
      '17 extra fields',
      { extra: Array.from({ length: 17 }, (_, i) => text(`f${i}`, 1)) },
      'TICKET_EXTRA',
    ],
    ['a name of 28 characters', { extra: [text('n'.repeat(28), 1)] }, 'TICKET_EXTRA_NAME'],
    ['a text of 128 characters', { extra: [text('mode', 128)] }, 'TICKET_EXTRA_VALUE'],
    ['more than 24 h to live', { expiresAt: NOW + 24 * 3600 + 1 }, 'TICKET_LIFETIME'],
    ['no client', { client: '' }, 'TICKET_NO_IDENTITY'],
    ['no server', { server: '' }, 'TICKET_NO_IDENTITY'],
    ['a client that is no identity', { client: 'Alice!' }, 'TICKET_IDENTITY'],
    ['an address of 129 bytes', { route: new Uint8Array(129) }, 'TICKET_ROUTE'],
    ['a virtual port past 2^31-1', { virtualPort: 2 ** 31 }, 'TICKET_PORT'],
    [
      '512 bytes and more',
      { extra: Array.from({ length: 5 }, (_, i) => text(`f${i}`, 100)) },
      'TICKET_TOO_LARGE',
    ],
  ];
  for (const [name, fields, code] of limits) {
    it(`is neither issued nor accepted with ${name}: ${code}`, () => {
      expect(codeOf(() => issue(fields))).to.equal(code);
      const bytes = encodeRelayTicket(ticket(fields));
      const forced = encodeSignedRelayTicket({
        keyId: signer.id,
        ticket: bytes,
        signature: signer.sign(bytes),
        certificates: [],
      });
      expect(check(forced)).to.equal(code);
    });
  }

  it('takes 16 fields of 27 and 127 characters only as far as 512 bytes go', () => {
    expect(codeOf(() => issue({ extra: [text('n'.repeat(27), 127), text('m', 127)] }))).to.equal(
      undefined,
    );
  });

  it('is refused at every length and with any changed byte, always with a code, unless it says the very same', () => {
    const bytes = issue({ virtualPort: 0 });
    const original = decodeSignedRelayTicket(bytes);
    for (let length = 0; length < bytes.length; length++) {
      expect(check(bytes.subarray(0, length)), `${length} bytes`).to.be.a('string');
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        if (check(changed) === undefined) {
          expect(decodeSignedRelayTicket(changed)).to.deep.equal(original);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('throws only DecodeError in the codec, whatever the bytes', () => {
    const decoders = [decodeRelayTicket, decodeSignedRelayTicket];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(...decoders),
        (random, decode) => {
          try {
            decode(random);
          } catch (error) {
            expect(error).to.be.instanceOf(DecodeError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
