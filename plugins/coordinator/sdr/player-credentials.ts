import { type Clock, ServerError } from 'beaconry';
import { checkCertificate, checkKeyBelongs } from './certificate-check.js';
import {
  decodeCertificateText,
  encodeCertificateRequest,
  type SignedCertificate,
} from './certificate-codec.js';
import { CertificateStore } from './certificate-store.js';
import { SigningKey } from './signing-key.js';

/** What the coordinator answers to a sign-on; base64 without armour. */
export interface SignonAnswer {
  readonly caCertificates: readonly string[];
  readonly certificate: string;
}

export interface PlayerCredentialsOptions {
  readonly appId: number;
  readonly identity: string;
  /** Keys of the network's root, 32 raw bytes each. */
  readonly roots: readonly Uint8Array[];
  readonly clock: Pick<Clock, 'now'>;
  /** Sends the request to the coordinator. */
  signon(request: Uint8Array): Promise<SignonAnswer>;
}

export interface Credentials {
  readonly key: SigningKey;
  readonly certificate: SignedCertificate;
}

/** Seconds before the expiry at which a new certificate is asked for. */
const RENEW_BEFORE = 2 * 3600;

/**
 * Key and certificate of one player. The key is made in the process and never leaves it. Each handshake asks
 * for the credentials anew; a session keeps those it began with.
 */
export class PlayerCredentials {
  readonly #key = SigningKey.generate();
  #current: { readonly credentials: Credentials; readonly expiresAt: number } | undefined;
  #pending: Promise<Credentials> | undefined;

  constructor(private readonly options: PlayerCredentialsOptions) {}

  /** For the next handshake; renews when less than two hours are left, and then falls back on what is valid. */
  async forHandshake(): Promise<Credentials> {
    const now = this.#now();
    const current = this.#current;
    if (current !== undefined && current.expiresAt - now > RENEW_BEFORE) return current.credentials;
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined;
    });
    try {
      return await this.#pending;
    } catch (error) {
      if (current !== undefined && current.expiresAt > now) return current.credentials;
      throw error;
    }
  }

  async #renew(): Promise<Credentials> {
    const { appId, identity, roots, signon } = this.options;
    const publicKey = this.#key.publicKey.bytes;
    const answer = await signon(encodeCertificateRequest({ publicKey, identity }));
    // CA certificates first: without them the own certificate cannot be judged.
    const store = new CertificateStore({ roots });
    for (const text of answer.caCertificates) store.add(decodeCertificateText(text));
    const certificate = decodeCertificateText(answer.certificate);
    checkKeyBelongs(certificate, this.#key.id);
    const now = this.#now();
    const verified = checkCertificate(certificate, store, { now, appId, identity });
    if (verified.identity === undefined) {
      throw new ServerError(
        'CERT_IDENTITY_REQUIRED',
        'the coordinator sent a certificate without identity',
      );
    }
    const credentials = { key: this.#key, certificate };
    const expiresAt = Math.min(verified.scope.expiresAt, verified.chainScope.expiresAt);
    this.#current = { credentials, expiresAt };
    return credentials;
  }

  #now(): number {
    return Math.floor(this.options.clock.now() / 1000);
  }
}
