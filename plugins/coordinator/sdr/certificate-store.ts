import { ServerError } from 'beaconry';
import {
  type CertificateBody,
  decodeCertificateBody,
  KEY_TYPE_ED25519,
  type SignedCertificate,
} from './certificate-codec.js';
import { identityOf } from './host-identity-codec.js';
import { VerifyingKey } from './signing-key.js';

/** What a key may vouch for: the intersection along its chain. An absent list means everything. */
export interface Scope {
  readonly appIds: ReadonlySet<number> | undefined;
  readonly pops: ReadonlySet<number> | undefined;
  /** Unix seconds: the earliest expiry along the chain. */
  readonly expiresAt: number;
}

export interface TrustedKey {
  readonly key: VerifyingKey;
  readonly scope: Scope;
}

interface StoredCa {
  readonly signed: SignedCertificate;
  readonly body: CertificateBody;
  readonly key: VerifyingKey;
}

const EVERYTHING: Scope = { appIds: undefined, pops: undefined, expiresAt: Infinity };
const MAX_CERTIFICATES = 1024;
const MAX_DEPTH = 8;

export interface CertificateStoreOptions {
  /** Keys trusted from the start, 32 raw bytes each. */
  readonly roots?: readonly Uint8Array[];
  /** Every stored self-signed certificate is a root too. For tests and private networks. */
  readonly trustSelfSigned?: boolean;
}

/** CA certificates by key id, the roots, and the list of revoked keys (sdr section 5). */
export class CertificateStore {
  readonly #roots = new Map<bigint, VerifyingKey>();
  readonly #certificates = new Map<bigint, StoredCa[]>();
  readonly #trusted = new Map<bigint, TrustedKey | ServerError>();
  #revoked: ReadonlySet<bigint> = new Set();
  #count = 0;

  constructor(private readonly options: CertificateStoreOptions = {}) {
    for (const bytes of options.roots ?? []) {
      const key = new VerifyingKey(bytes);
      this.#roots.set(key.id, key);
    }
  }

  /**
   * Keeps a CA certificate; whether it is trusted is seen when it is used. False when it was here before.
   * CERT_NOT_CA when it names an identity, CERT_KEY_TYPE when its key is not Ed25519; DecodeError when it
   * is no certificate.
   */
  add(signed: SignedCertificate): boolean {
    const body = decodeCertificateBody(signed.body);
    if (identityOf(body) !== undefined) {
      throw new ServerError(
        'CERT_NOT_CA',
        `certificate of ${body.identityString} is not one of a CA`,
      );
    }
    if (body.keyType !== KEY_TYPE_ED25519 || body.keyData.length !== 32) {
      throw new ServerError('CERT_KEY_TYPE', `certificate has a key of type ${body.keyType}`);
    }
    const key = new VerifyingKey(body.keyData.slice());
    const others = this.#certificates.get(key.id) ?? [];
    if (others.some((other) => sameCertificate(other.signed, signed))) return false;
    if (this.#count >= MAX_CERTIFICATES) {
      throw new ServerError('CERT_TOO_MANY', `more than ${MAX_CERTIFICATES} CA certificates`);
    }
    this.#count++;
    others.push({ signed, body, key });
    others.sort((one, other) => other.body.timeCreated - one.body.timeCreated);
    this.#certificates.set(key.id, others);
    this.#trusted.clear();
    return true;
  }

  /** Replaces the list of revoked key ids; it hits CA keys, all below them, and subject keys. */
  setRevoked(ids: Iterable<bigint>): void {
    this.#revoked = new Set(ids);
    this.#trusted.clear();
  }

  isRevoked(keyId: bigint): boolean {
    return this.#revoked.has(keyId);
  }

  /** A store with the same roots, certificates and revocations and more certificates; this one stays as it is. */
  extendedBy(certificates: readonly SignedCertificate[]): CertificateStore {
    const extended = new CertificateStore(this.options);
    for (const [id, stored] of this.#certificates) extended.#certificates.set(id, [...stored]);
    extended.#count = this.#count;
    extended.#revoked = this.#revoked;
    for (const certificate of certificates) extended.add(certificate);
    return extended;
  }

  has(keyId: bigint): boolean {
    return this.#roots.has(keyId) || this.#certificates.has(keyId);
  }

  /**
   * The CA key and what it may vouch for. Throws CERT_CA_UNKNOWN, CERT_CA_UNTRUSTED (no root at the end, or
   * a signature that does not verify), CERT_CHAIN_LOOP, CERT_CA_REVOKED, CERT_SCOPE_EMPTY or, for `now` in
   * Unix seconds, CERT_CHAIN_EXPIRED.
   */
  trusted(keyId: bigint, now: number): TrustedKey {
    let trust = this.#trusted.get(keyId);
    if (trust === undefined) {
      trust = this.#resolve(keyId, new Set());
      if (this.has(keyId)) this.#trusted.set(keyId, trust);
    }
    if (trust instanceof ServerError) throw new ServerError(trust.code, trust.message);
    if (trust.scope.expiresAt < now) {
      throw new ServerError(
        'CERT_CHAIN_EXPIRED',
        `a certificate in the chain of CA key ${keyId} has expired`,
      );
    }
    return trust;
  }

  /** Whether `trusted` would give the key. */
  isTrusted(keyId: bigint, now: number): boolean {
    try {
      this.trusted(keyId, now);
      return true;
    } catch (error) {
      if (error instanceof ServerError) return false;
      throw error;
    }
  }

  #resolve(keyId: bigint, above: Set<bigint>): TrustedKey | ServerError {
    if (this.#revoked.has(keyId)) {
      return new ServerError('CERT_CA_REVOKED', `CA key ${keyId} is revoked`);
    }
    const root = this.#roots.get(keyId);
    if (root !== undefined) return { key: root, scope: EVERYTHING };
    const certificates = this.#certificates.get(keyId);
    if (certificates === undefined) {
      return new ServerError('CERT_CA_UNKNOWN', `CA key ${keyId} is not known here`);
    }
    if (above.has(keyId) || above.size >= MAX_DEPTH) {
      return new ServerError('CERT_CHAIN_LOOP', `chain of CA key ${keyId} goes in a circle`);
    }
    above.add(keyId);
    let refusal: ServerError | undefined;
    for (const certificate of certificates) {
      const trust = this.#judge(certificate, above);
      if (!(trust instanceof ServerError)) {
        above.delete(keyId);
        return trust;
      }
      refusal ??= trust;
    }
    above.delete(keyId);
    return refusal ?? new ServerError('CERT_CA_UNTRUSTED', `CA key ${keyId} leads to no root`);
  }

  #judge({ signed, body, key }: StoredCa, above: Set<bigint>): TrustedKey | ServerError {
    const selfSigned = signed.caKeyId === key.id;
    if (selfSigned && this.options.trustSelfSigned !== true) {
      return new ServerError(
        'CERT_CA_UNTRUSTED',
        `self-signed CA key ${key.id} is not a root here`,
      );
    }
    const signer = selfSigned ? { key, scope: EVERYTHING } : this.#resolve(signed.caKeyId, above);
    if (signer instanceof ServerError) return signer;
    if (!signer.key.verifies(signed.body, signed.signature)) {
      return new ServerError(
        'CERT_CA_UNTRUSTED',
        `certificate of CA key ${key.id} is not signed by ${signed.caKeyId}`,
      );
    }
    const scope = narrow(signer.scope, scopeOf(body));
    return scope === undefined
      ? new ServerError('CERT_SCOPE_EMPTY', `CA key ${key.id} may vouch for nothing its CA allows`)
      : { key, scope };
  }
}

/** What the lists and the expiry of one certificate say; a missing expiry counts as expired. */
export const scopeOf = (body: CertificateBody): Scope => ({
  appIds: body.appIds.length === 0 ? undefined : new Set(body.appIds),
  pops:
    body.gameserverDatacenterIds.length === 0 ? undefined : new Set(body.gameserverDatacenterIds),
  expiresAt: body.timeExpiry,
});

/** The intersection; undefined when nothing is left of a list. */
export function narrow(outer: Scope, inner: Scope): Scope | undefined {
  const appIds = intersection(outer.appIds, inner.appIds);
  const pops = intersection(outer.pops, inner.pops);
  if (appIds?.size === 0 || pops?.size === 0) return undefined;
  return { appIds, pops, expiresAt: Math.min(outer.expiresAt, inner.expiresAt) };
}

const intersection = (
  one: ReadonlySet<number> | undefined,
  other: ReadonlySet<number> | undefined,
): ReadonlySet<number> | undefined => {
  if (one === undefined) return other;
  if (other === undefined) return one;
  return new Set([...one].filter((value) => other.has(value)));
};

const sameCertificate = (one: SignedCertificate, other: SignedCertificate): boolean =>
  Buffer.compare(one.body, other.body) === 0 &&
  Buffer.compare(one.signature, other.signature) === 0;
