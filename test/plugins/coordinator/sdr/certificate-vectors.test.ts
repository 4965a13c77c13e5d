import type { ServerError } from 'beaconry';
import { expect } from 'chai';
import {
  checkCertificate,
  checkKeyBelongs,
} from '../../../../plugins/coordinator/sdr/certificate-check.js';
import {
  decodeCertificateBody,
  decodeCertificateRequest,
  decodeCertificateText,
  decodeSignedCertificate,
  encodeCertificateBody,
  encodeCertificateText,
  encodeSignedCertificate,
} from '../../../../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../../../../plugins/coordinator/sdr/certificate-issue.js';
import { CertificateStore } from '../../../../plugins/coordinator/sdr/certificate-store.js';
import { identityOf } from '../../../../plugins/coordinator/sdr/host-identity-codec.js';
import { keyIdOf } from '../../../../plugins/coordinator/sdr/openssh-key-codec.js';
import { formatPopId } from '../../../../plugins/coordinator/sdr/pop-code-codec.js';
import { fromHex, readVector, toHex, vectorCertificate, vectorKey, vectors } from '../vectors.js';

/** The code this program gives for a check the library failed. */
const CODES: Record<string, string> = {
  'player, wrong app': 'CERT_WRONG_APP',
  'player, other identity expected': 'CERT_WRONG_IDENTITY',
  'player, foreign private key': 'CERT_KEY_MISMATCH',
  'chain without the intermediate': 'CERT_CA_UNKNOWN',
  'intermediate revoked': 'CERT_CA_REVOKED',
  'leaf key revoked': 'CERT_KEY_REVOKED',
  'data center, other POP': 'CERT_WRONG_POP',
  'data center, other app': 'CERT_WRONG_APP',
  '4-letter POP is not its 3-letter prefix': 'CERT_WRONG_POP',
  'leaf exceeds CA scope, other app': 'CERT_WRONG_APP',
  expired: 'CERT_EXPIRED',
  'no-expiry': 'CERT_EXPIRED',
  'no-app': 'CERT_NO_APP',
  'no-identity-no-pop': 'CERT_NO_POP',
  'bad-identity': 'CERT_IDENTITY_MALFORMED',
  'tampered-signature': 'CERT_SIGNATURE',
  'tampered-body': 'CERT_SIGNATURE',
  'wrong-ca': 'CERT_CA_UNKNOWN',
  'short-signature': 'CERT_SIGNATURE',
  'cert tool intermediate': 'CERT_NO_POP',
};

describe('certificates judged by the public library', () => {
  for (const check of vectors.checks) {
    const code = CODES[check.name];
    it(`${check.name}: ${code ?? 'accepted'}`, () => {
      const store = new CertificateStore({ roots: [vectorKey(check.trusted_ca).publicKey.bytes] });
      for (const name of check.intermediates) store.add(vectorCertificate(name));
      store.setRevoked(check.revoked_key_ids.map(BigInt));
      const certificate = vectorCertificate(check.certificate);
      let failure: string | undefined;
      try {
        const verified = checkCertificate(certificate, store, {
          now: check.now,
          ...(check.app === null ? {} : { appId: check.app }),
          ...(check.pop === null ? {} : { pop: check.pop }),
          ...(check.expected_identity === null ? {} : { identity: check.expected_identity }),
        });
        if (check.private_key !== null) {
          const key = vectorKey(check.private_key);
          const said = new TextEncoder().encode('session key message');
          expect(verified.key.verifies(said, key.sign(said))).to.equal(check.accepted);
          checkKeyBelongs(certificate, key.id);
        }
      } catch (error) {
        failure = (error as ServerError).code;
      }
      expect(failure).to.equal(code);
      expect(failure === undefined).to.equal(check.accepted);
    });
  }

  it('judges each of the 31 recorded cases', () => {
    expect(vectors.checks).to.have.length(31);
    const failing = vectors.checks.filter((check) => !check.accepted).map(({ name }) => name);
    expect(Object.keys(CODES)).to.have.members(failing);
  });
});

describe('certificate codec', () => {
  for (const { name, file, signed_hex, body_hex, decoded } of vectors.certificates) {
    it(`reads ${name} and writes the same bytes`, () => {
      const signed = decodeCertificateText(readVector(file));
      expect(toHex(signed.body)).to.equal(body_hex);
      expect(signed.caKeyId).to.equal(BigInt(decoded.ca_key_id));
      expect(toHex(signed.signature)).to.equal(decoded.ca_signature);
      expect(toHex(encodeSignedCertificate(signed))).to.equal(signed_hex);
      expect(decodeCertificateText(encodeCertificateText(signed))).to.deep.equal(signed);

      const body = decodeCertificateBody(signed.body);
      expect(keyIdOf(body.keyData)).to.equal(BigInt(decoded.key_id));
      expect(body.gameserverDatacenterIds).to.deep.equal(decoded.pop_ids);
      expect(body.gameserverDatacenterIds.map(formatPopId)).to.deep.equal(decoded.pops);
      expect(body.appIds).to.deep.equal(decoded.app_ids);
      expect(body.timeCreated).to.equal(decoded.time_created ?? 0);
      expect(body.timeExpiry).to.equal(decoded.time_expiry ?? 0);
      expect(body.identityString).to.equal(decoded.identity_string ?? '');
      expect(body.ipAddresses).to.deep.equal(decoded.ip_addresses);
    });
  }

  it('reads armour that was folded into one line', () => {
    const text = readVector('certs/alice.pem').replaceAll('\n', ' ');
    expect(decodeCertificateText(text)).to.deep.equal(vectorCertificate('alice'));
  });

  it('issues byte for byte what the recorded issuer made', () => {
    const alice = vectorCertificate('alice');
    const body = decodeCertificateBody(alice.body);
    const issued = issueCertificate(vectorKey('root'), {
      publicKey: body.keyData,
      createdAt: body.timeCreated,
      expiresAt: body.timeExpiry,
      appIds: body.appIds,
      identity: body.identityString,
    });
    expect(issued).to.deep.equal(alice);
  });

  it('does not pack lists of apps and POPs', () => {
    const body = encodeCertificateBody({
      publicKey: new Uint8Array(32),
      createdAt: 1,
      expiresAt: 2,
      appIds: [730, 440],
      pops: [1, 2],
    });
    const fields = toHex(body).slice(2 * (2 + 34));
    expect(fields).to.equal('2d010000002d020000004501000000' + '4d02000000' + '50da05' + '50b803');
  });

  vectors.certificate_requests.forEach(({ base64 }, i) => {
    it(`reads request ${i + 1} of the library`, () => {
      const request = decodeCertificateRequest(Buffer.from(base64, 'base64'));
      expect(identityOf(request)).to.equal(['str:peer-a', 'str:peer-b'][i]);
      expect(request.legacyIdentityBinary?.genericString).to.equal(['peer-a', 'peer-b'][i]);
      expect(request.keyData).to.have.length(32);
    });
  });

  it('drops a private key from a bundle', () => {
    const bundle = decodeSignedCertificate(fromHex(`0a20${'11'.repeat(32)}22020801`));
    expect(Object.keys(bundle)).to.deep.equal(['body', 'caKeyId', 'signature']);
    expect(toHex(encodeSignedCertificate(bundle))).to.equal('22020801');
  });
});
