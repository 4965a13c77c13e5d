import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import { checkCertificate } from '../../../../plugins/coordinator/sdr/certificate-check.js';
import {
  decodeCertificateBody,
  decodeCertificateRequest,
  decodeCertificateText,
  decodeSignedCertificate,
  encodeCertificateRequest,
  encodeSignedCertificate,
} from '../../../../plugins/coordinator/sdr/certificate-codec.js';
import { CertificateStore } from '../../../../plugins/coordinator/sdr/certificate-store.js';
import { certify, codeOf, NOW, root, testKey } from '../credentials.js';

const [one, two, three, leaf] = ['one', 'two', 'three', 'leaf'].map(testKey) as [
  typeof root,
  typeof root,
  typeof root,
  typeof root,
];
const trusting = (...certificates: ReturnType<typeof certify>[]) => {
  const store = new CertificateStore({ roots: [root.publicKey.bytes] });
  for (const certificate of certificates) store.add(certificate);
  return store;
};

describe('chains of certificates', () => {
  it('narrows apps, POPs and expiry along the chain', () => {
    const store = trusting(
      certify(one, { appIds: [730, 440], expiresAt: NOW + 100 }),
      certify(two, { ca: one, appIds: [440, 570], pops: ['iad', 'fra'] }),
    );
    const { scope } = store.trusted(two.id, NOW);
    expect([...(scope.appIds ?? [])]).to.deep.equal([440]);
    expect(scope.pops?.size).to.equal(2);
    expect(scope.expiresAt).to.equal(NOW + 100);
  });

  it('refuses a CA whose scope has nothing in common with that above it', () => {
    const store = trusting(
      certify(one, { appIds: [730] }),
      certify(two, { ca: one, appIds: [570] }),
    );
    expect(codeOf(() => store.trusted(two.id, NOW))).to.equal('CERT_SCOPE_EMPTY');
  });

  it('refuses chains that go in a circle', () => {
    const store = trusting(
      certify(one, { ca: two }),
      certify(two, { ca: three }),
      certify(three, { ca: one }),
    );
    for (const key of [one, two, three]) {
      expect(codeOf(() => store.trusted(key.id, NOW))).to.equal('CERT_CHAIN_LOOP');
    }
  });

  it('finds the way to a root past a circle', () => {
    const store = trusting(
      certify(one, { ca: two, createdAt: NOW }),
      certify(two, { ca: one }),
      certify(one),
    );
    expect(store.trusted(two.id, NOW).key.id).to.equal(two.id);
  });

  it('takes the newest certificate of a CA key', () => {
    const store = trusting(
      certify(one, { appIds: [1], createdAt: NOW - 3 }),
      certify(one, { appIds: [3], createdAt: NOW - 1 }),
      certify(one, { appIds: [2], createdAt: NOW - 2 }),
    );
    expect([...(store.trusted(one.id, NOW).scope.appIds ?? [])]).to.deep.equal([3]);
  });

  it('trusts a self-signed certificate only where that is wanted', () => {
    const own = certify(one, { ca: one, appIds: [730] });
    expect(codeOf(() => trusting(own).trusted(one.id, NOW))).to.equal('CERT_CA_UNTRUSTED');
    const lenient = new CertificateStore({ trustSelfSigned: true });
    lenient.add(own);
    expect([...(lenient.trusted(one.id, NOW).scope.appIds ?? [])]).to.deep.equal([730]);
  });

  it('refuses a CA certificate that somebody else signed in the name of the root', () => {
    const forged = { ...certify(one, { ca: two }), caKeyId: root.id };
    expect(codeOf(() => trusting(forged).trusted(one.id, NOW))).to.equal('CERT_CA_UNTRUSTED');
  });

  it('refuses what hangs under an expired CA, and says it is the chain', () => {
    const store = trusting(certify(one, { expiresAt: NOW - 1 }));
    const player = certify(leaf, { ca: one, identity: 'str:alice', appIds: [730] });
    expect(codeOf(() => checkCertificate(player, store, { now: NOW }))).to.equal(
      'CERT_CHAIN_EXPIRED',
    );
    expect(codeOf(() => checkCertificate(player, store, { now: NOW - 2 }))).to.equal(undefined);
  });

  it('lets a revoked key fall, with all below it, and only them', () => {
    const store = trusting(certify(one), certify(two, { ca: one }), certify(three));
    store.setRevoked([one.id]);
    expect(codeOf(() => store.trusted(one.id, NOW))).to.equal('CERT_CA_REVOKED');
    expect(codeOf(() => store.trusted(two.id, NOW))).to.equal('CERT_CA_REVOKED');
    expect(codeOf(() => store.trusted(three.id, NOW))).to.equal(undefined);
    store.setRevoked([]);
    expect(codeOf(() => store.trusted(two.id, NOW))).to.equal(undefined);
  });

  it('does not help a revoked key to certify it anew', () => {
    const store = trusting();
    store.setRevoked([leaf.id]);
    const renewed = certify(leaf, { identity: 'str:alice', appIds: [730], createdAt: NOW });
    expect(codeOf(() => checkCertificate(renewed, store, { now: NOW }))).to.equal(
      'CERT_KEY_REVOKED',
    );
  });

  it('accepts certificates of the old and the new CA key while keys are rotated', () => {
    const store = trusting(certify(one), certify(two));
    const player = { identity: 'str:alice', appIds: [730] };
    for (const ca of [one, two]) {
      const certificate = certify(leaf, { ca, ...player });
      expect(checkCertificate(certificate, store, { now: NOW }).identity).to.equal('str:alice');
    }
  });

  it('takes no certificate with an identity for one of a CA', () => {
    const player = certify(leaf, { identity: 'str:alice', appIds: [730] });
    expect(codeOf(() => trusting(player))).to.equal('CERT_NOT_CA');
  });

  it('adds a certificate once', () => {
    const store = trusting(certify(one));
    expect(store.add(certify(one))).to.equal(false);
  });

  it('is bounded', () => {
    const store = trusting();
    const fill = () => {
      for (let i = 0; i < 2000; i++)
        store.add({ ...certify(one), signature: Uint8Array.of(i, i >> 8) });
    };
    expect(codeOf(fill)).to.equal('CERT_TOO_MANY');
  });
});

describe('certificate checks', () => {
  const store = trusting();
  const check = (certificate: ReturnType<typeof certify>, more = {}) =>
    codeOf(() => checkCertificate(certificate, store, { now: NOW, ...more }));

  it('lets an anonymous game server show a shared certificate, and nobody else', () => {
    const shared = certify(leaf, { appIds: [730], pops: ['iad'] });
    expect(check(shared, { identity: 'steamid:90071992547409920' })).to.equal(undefined);
    expect(check(shared, { identity: 'steamid:76561197960287930' })).to.equal(
      'CERT_IDENTITY_REQUIRED',
    );
    expect(check(shared, { identity: 'str:alice' })).to.equal('CERT_IDENTITY_REQUIRED');
  });

  it('does not ask for a POP where the POP is dev', () => {
    const shared = certify(leaf, { pops: ['iad'] });
    expect(check(shared, { pop: 'dev' })).to.equal(undefined);
    expect(check(shared, { pop: 'fra' })).to.equal('CERT_WRONG_POP');
  });

  it('asks the chain for the POP too', () => {
    const narrow = trusting(certify(one, { pops: ['iad'] }));
    const shared = certify(leaf, { ca: one, pops: ['iad', 'fra'] });
    const judge = (pop: string) =>
      codeOf(() => checkCertificate(shared, narrow, { now: NOW, pop }));
    expect([judge('iad'), judge('fra')]).to.deep.equal([undefined, 'CERT_WRONG_POP']);
  });

  it('compares identities byte for byte', () => {
    const alice = certify(leaf, { identity: 'str:alice', appIds: [730] });
    expect(check(alice, { identity: 'str:Alice' })).to.equal('CERT_WRONG_IDENTITY');
  });

  it('refuses another kind of key before it looks at identity and app', () => {
    const body = Uint8Array.from(certify(leaf).body);
    body[1] = 2;
    expect(check({ body, caKeyId: root.id, signature: root.sign(body) })).to.equal('CERT_KEY_TYPE');
  });

  it('names a body that is signed but no certificate', () => {
    const body = Uint8Array.of(0xff);
    expect(check({ body, caKeyId: root.id, signature: root.sign(body) })).to.equal(
      'CERT_MALFORMED',
    );
  });

  it('goes on accepting within the second of expiry', () => {
    const certificate = certify(leaf, { identity: 'str:a', appIds: [1], expiresAt: NOW });
    expect(check(certificate)).to.equal(undefined);
    expect(check(certificate, { now: NOW + 1 })).to.equal('CERT_EXPIRED');
  });
});

describe('hostile certificates', () => {
  const bytes = encodeSignedCertificate(certify(leaf, { identity: 'str:alice', appIds: [730] }));
  const store = trusting();
  const judge = (hostile: Uint8Array) => {
    try {
      checkCertificate(decodeSignedCertificate(hostile), store, { now: NOW, appId: 730 });
      return 'accepted';
    } catch (error) {
      return error instanceof DecodeError
        ? 'DecodeError'
        : codeOf(() => {
            throw error;
          });
    }
  };

  it('are refused at every length', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(judge(bytes.subarray(0, length)), `${length} bytes`).to.not.equal('accepted');
    }
    expect(judge(bytes)).to.equal('accepted');
  });

  it('are refused with any changed byte, except where the change says the very same', () => {
    const original = decodeSignedCertificate(bytes);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        if (judge(changed) === 'accepted') {
          expect(decodeSignedCertificate(changed)).to.deep.equal(original);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('throw only DecodeError in the codec, whatever the bytes', () => {
    const decoders = [decodeSignedCertificate, decodeCertificateBody, decodeCertificateRequest];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
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
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCertificateText(`-----BEGIN STEAMDATAGRAM CERT-----${text}`)).to.throw(
          DecodeError,
        );
      }),
    );
  });

  it('and requests come back as they were written', () => {
    const request = encodeCertificateRequest({
      publicKey: leaf.publicKey.bytes,
      identity: 'str:alice',
    });
    expect(decodeCertificateRequest(request).identityString).to.equal('str:alice');
    for (let length = 0; length < 36; length++) {
      expect(() => decodeCertificateRequest(request.subarray(0, length))).to.throw(DecodeError);
    }
  });

  it('of more than 4096 bytes are not looked at', () => {
    expect(() => decodeSignedCertificate(new Uint8Array(4097))).to.throw(DecodeError, /limit 4096/);
  });
});
