import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import { CertificateStore } from '../../../../plugins/coordinator/sdr/certificate-store.js';
import {
  encodeHostedRoute,
  type HostedRoute,
} from '../../../../plugins/coordinator/sdr/hosted-address-codec.js';
import { RouteKey, sealRoute } from '../../../../plugins/coordinator/sdr/sealed-route.js';
import {
  checkServerLogin,
  encodeServerLogin,
} from '../../../../plugins/coordinator/sdr/server-login.js';
import { certify, codeOf, NOW, root, testKey } from '../credentials.js';

const key = testKey('server');
const certificate = certify(key, { appIds: [730], pops: ['fra'] });
const identity = 'steamid:90071992547409921';
const store = new CertificateStore({ roots: [root.publicKey.bytes] });
const route = (pop: string): HostedRoute => ({
  pop,
  address: PeerAddress.of('192.0.2.10', 30000),
  secret: 5n,
});

interface Fields {
  identity?: string;
  appId?: number;
  pop?: string;
  generatedAt?: number;
  appData?: Uint8Array;
  routing?: Uint8Array;
}
const login = (
  fields: Fields = {},
  credentials: { key: typeof key; certificate: typeof certificate } | undefined = {
    key,
    certificate,
  },
) =>
  encodeServerLogin(
    {
      identity: fields.identity ?? identity,
      appId: fields.appId ?? 730,
      appData: fields.appData ?? new Uint8Array(),
      generatedAt: fields.generatedAt ?? NOW,
      routing: fields.routing ?? encodeHostedRoute(route(fields.pop ?? 'fra')),
    },
    credentials,
  );
const unsigned = (fields: Fields = {}) =>
  encodeServerLogin({
    identity,
    appId: 730,
    appData: new Uint8Array(),
    generatedAt: NOW,
    routing: encodeHostedRoute(route(fields.pop ?? 'dev')),
  });
const check = (bytes: Uint8Array, dev = false) =>
  codeOf(() => checkServerLogin(bytes, store, { now: NOW, dev }));

describe('server logins', () => {
  it('tell the coordinator who runs what where', () => {
    const appData = Buffer.from('{"freeSlots":3}');
    const {
      route: found,
      keyId,
      caKeyId,
      ...rest
    } = checkServerLogin(login({ appData }), store, { now: NOW });
    expect(rest).to.deep.equal({
      identity,
      appId: 730,
      appData: Uint8Array.from(appData),
      generatedAt: NOW,
    });
    expect(caKeyId).to.equal(certificate.caKeyId);
    expect([found.pop, String(found.address), found.secret, keyId]).to.deep.equal([
      'fra',
      '192.0.2.10:30000',
      5n,
      key.id,
    ]);
  });

  const cases: [string, () => Uint8Array, string][] = [
    ['of another app', () => login({ appId: 440 }), 'CERT_WRONG_APP'],
    ['of another POP', () => login({ pop: 'iad' }), 'CERT_WRONG_POP'],
    [
      'of somebody who needs a certificate of his own',
      () => login({ identity: 'str:gs' }),
      'CERT_IDENTITY_REQUIRED',
    ],
    [
      'with the certificate of a player',
      () => {
        const player = certify(key, { appIds: [730], identity: 'str:player' });
        return login({ identity: 'str:player' }, { key, certificate: player });
      },
      'CERT_NO_POP',
    ],
    ['that is too old', () => login({ generatedAt: NOW - 301 }), 'LOGIN_TOO_OLD'],
    ['from the future', () => login({ generatedAt: NOW + 61 }), 'LOGIN_FROM_FUTURE'],
    [
      "with a key that is not the certificate's",
      () => login({}, { key: testKey('other'), certificate }),
      'LOGIN_SIGNATURE',
    ],
    [
      'with an expired certificate',
      () => login({}, { key, certificate: certify(key, { pops: ['fra'], expiresAt: NOW - 1 }) }),
      'CERT_EXPIRED',
    ],
    [
      'with a certificate of a stranger',
      () =>
        login({}, { key, certificate: certify(key, { ca: testKey('stranger'), pops: ['fra'] }) }),
      'CERT_CA_UNKNOWN',
    ],
    ['with an identity that is none', () => login({ identity: 'nobody' }), 'LOGIN_IDENTITY'],
    [
      'with an address that cannot be read',
      () => login({ routing: Uint8Array.of(1, 2, 3) }),
      'LOGIN_ROUTE',
    ],
    [
      'with a sealed address',
      () => login({ routing: sealRoute(route('fra'), RouteKey.generate().publicKey) }),
      'LOGIN_ROUTE',
    ],
    ['that is unsigned', () => unsigned({ pop: 'fra' }), 'LOGIN_UNSIGNED'],
    ['that is unsigned for dev, where dev is off', () => unsigned(), 'LOGIN_UNSIGNED'],
    ['that is too long', () => new Uint8Array(4097), 'LOGIN_TOO_LARGE'],
    ['that is no message', () => Uint8Array.of(0xff), 'LOGIN_MALFORMED'],
    ['that is empty', () => new Uint8Array(), 'LOGIN_IDENTITY'],
  ];
  for (const [name, make, code] of cases) {
    it(`are refused when it is one ${name}: ${code}`, () => {
      expect(check(make())).to.equal(code);
    });
  }

  it('are refused with a revoked key', () => {
    const strict = store.extendedBy([]);
    strict.setRevoked([key.id]);
    expect(codeOf(() => checkServerLogin(login(), strict, { now: NOW }))).to.equal(
      'CERT_KEY_REVOKED',
    );
  });

  it('may be unsigned for dev only where dev is on', () => {
    expect(check(unsigned(), true)).to.equal(undefined);
    expect(check(unsigned({ pop: 'fra' }), true)).to.equal('LOGIN_UNSIGNED');
  });

  it('carry at most 2048 bytes of the game', () => {
    expect(codeOf(() => login({ appData: new Uint8Array(2049) }))).to.equal('LOGIN_APP_DATA');
    expect(check(login({ appData: new Uint8Array(2048) }))).to.equal(undefined);
  });

  it('are refused at every length, and changed ones always with a code', () => {
    const bytes = login();
    for (let length = 0; length < bytes.length; length++) {
      expect(check(bytes.subarray(0, length)), `${length} bytes`).to.be.a('string');
    }
    const original = checkServerLogin(bytes, store, { now: NOW });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        if (check(changed) === undefined) {
          expect(checkServerLogin(changed, store, { now: NOW })).to.deep.equal(original);
        }
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
        expect(check(random)).to.be.a('string');
      }),
    );
  });
});
