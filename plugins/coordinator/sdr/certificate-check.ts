import { DecodeError, ServerError } from 'beaconry';
import {
  type CertificateBody,
  decodeCertificateBody,
  KEY_TYPE_ED25519,
  type SignedCertificate,
} from './certificate-codec.js';
import { type CertificateStore, type Scope, scopeOf } from './certificate-store.js';
import { identityOf, isAnonymousGameServer } from './host-identity-codec.js';
import { DEV_POP, encodePopCode } from './pop-code-codec.js';
import { VerifyingKey } from './signing-key.js';

export interface CertificateExpectation {
  /** Unix seconds. */
  readonly now: number;
  /** The identity the peer claims; unchecked when absent. */
  readonly identity?: string;
  /** The application this is about; unchecked when absent. */
  readonly appId?: number;
  /** POP code of a hosted connection; unchecked when absent, and for `dev`. */
  readonly pop?: string;
}

/** What is known after every check: judged once, at the handshake; a session goes on past the expiry. */
export interface VerifiedCertificate {
  readonly identity: string | undefined;
  /** Verifies what the peer signed; the caller checks the session key message with it. */
  readonly key: VerifyingKey;
  /** Of the certificate itself. */
  readonly scope: Scope;
  /** Of the chain above it. */
  readonly chainScope: Scope;
}

/**
 * Judges a certificate in the order of sdr section 5. Throws a ServerError of the first failure:
 * CERT_UNSIGNED, those of {@link CertificateStore.trusted}, CERT_SIGNATURE, CERT_MALFORMED, CERT_EXPIRED,
 * CERT_KEY_TYPE, CERT_KEY_REVOKED, CERT_IDENTITY_MALFORMED, CERT_WRONG_IDENTITY, CERT_NO_APP,
 * CERT_IDENTITY_REQUIRED, CERT_NO_POP, CERT_WRONG_APP, CERT_WRONG_POP. `time_created` is not looked at.
 */
export function checkCertificate(
  signed: SignedCertificate,
  store: CertificateStore,
  expected: CertificateExpectation,
): VerifiedCertificate {
  if (signed.signature.length === 0)
    throw new ServerError('CERT_UNSIGNED', 'certificate is unsigned');
  const ca = store.trusted(signed.caKeyId, expected.now);
  if (!ca.key.verifies(signed.body, signed.signature)) {
    throw new ServerError('CERT_SIGNATURE', `certificate is not signed by CA key ${ca.key.id}`);
  }
  const body = decodeBody(signed.body);
  if (body.timeExpiry === 0 || body.timeExpiry < expected.now) {
    throw new ServerError('CERT_EXPIRED', `certificate expired ${formatExpiry(body.timeExpiry)}`);
  }
  if (body.keyType !== KEY_TYPE_ED25519 || body.keyData.length !== 32) {
    throw new ServerError('CERT_KEY_TYPE', `certificate has a key of type ${body.keyType}`);
  }
  const key = new VerifyingKey(body.keyData.slice());
  if (store.isRevoked(key.id)) {
    throw new ServerError('CERT_KEY_REVOKED', `key ${key.id} of the certificate is revoked`);
  }
  const identity = readIdentity(body);
  const scope = scopeOf(body);
  if (identity !== undefined) checkBound(identity, scope, expected);
  else checkShared(scope, expected);
  if (expected.appId !== undefined) checkApp(expected.appId, scope, ca.scope);
  if (expected.pop !== undefined) checkPop(expected.pop, scope, ca.scope);
  return { identity, key, scope, chainScope: ca.scope };
}

/** CERT_KEY_MISMATCH when the private key is not the one the certificate is about. */
export function checkKeyBelongs(certificate: SignedCertificate, keyId: bigint): void {
  const body = decodeBody(certificate.body);
  const subject = body.keyData.length === 32 ? new VerifyingKey(body.keyData).id : undefined;
  if (subject !== keyId) {
    throw new ServerError(
      'CERT_KEY_MISMATCH',
      `certificate is for key ${subject}, not for ${keyId}`,
    );
  }
}

function decodeBody(bytes: Uint8Array): CertificateBody {
  try {
    return decodeCertificateBody(bytes);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('CERT_MALFORMED', `certificate ${cause.message}`, { cause });
  }
}

function readIdentity(body: CertificateBody): string | undefined {
  try {
    return identityOf(body);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('CERT_IDENTITY_MALFORMED', cause.message, { cause });
  }
}

function checkBound(identity: string, scope: Scope, expected: CertificateExpectation): void {
  if (expected.identity !== undefined && expected.identity !== identity) {
    throw new ServerError(
      'CERT_WRONG_IDENTITY',
      `certificate was issued to ${identity}, not to ${expected.identity}`,
    );
  }
  if (scope.appIds === undefined) {
    throw new ServerError('CERT_NO_APP', `certificate of ${identity} names no app`);
  }
}

function checkShared(scope: Scope, expected: CertificateExpectation): void {
  if (expected.identity !== undefined && !isAnonymousGameServer(expected.identity)) {
    throw new ServerError(
      'CERT_IDENTITY_REQUIRED',
      `${expected.identity} needs a certificate in its own name; one without identity is for anonymous game servers`,
    );
  }
  if (scope.pops === undefined) {
    throw new ServerError('CERT_NO_POP', 'certificate names neither an identity nor a POP');
  }
}

function checkApp(appId: number, scope: Scope, chain: Scope): void {
  if (scope.appIds?.has(appId) === false) {
    throw new ServerError('CERT_WRONG_APP', `certificate is not for app ${appId}`);
  }
  if (chain.appIds?.has(appId) === false) {
    throw new ServerError('CERT_WRONG_APP', `CA of the certificate may not vouch for app ${appId}`);
  }
}

function checkPop(pop: string, scope: Scope, chain: Scope): void {
  if (pop === DEV_POP) return;
  const id = encodePopCode(pop);
  if (scope.pops?.has(id) === false) {
    throw new ServerError('CERT_WRONG_POP', `certificate is not for POP ${pop}`);
  }
  if (chain.pops?.has(id) === false) {
    throw new ServerError('CERT_WRONG_POP', `CA of the certificate may not vouch for POP ${pop}`);
  }
}

const formatExpiry = (seconds: number): string =>
  seconds === 0 ? '(it names no time)' : `at ${new Date(seconds * 1000).toISOString()}`;
