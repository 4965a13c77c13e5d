import { type Clock, messageOf, ServerError } from 'beaconry';
import { Availability } from './availability.js';
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

/** How it stands with the certificate, after Steam's `SteamNetAuthenticationStatus_t`. */
export interface AuthenticationStatus {
  readonly availability: Availability;
  /** For a player. */
  readonly text: string;
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
  #failure: string | undefined;
  /** Told when the status changes. */
  onStatus: (status: AuthenticationStatus) => void = () => {};

  constructor(private readonly options: PlayerCredentialsOptions) {}

  get status(): AuthenticationStatus {
    const isCurrent = this.#current !== undefined && this.#current.expiresAt > this.#now();
    if (isCurrent) return { availability: Availability.current, text: 'The certificate is here.' };
    const isUnderWay = this.#pending !== undefined;
    if (this.#failure !== undefined) {
      const text = `There is no certificate: ${this.#failure}`;
      return { availability: isUnderWay ? Availability.retrying : Availability.failed, text };
    }
    if (isUnderWay)
      return { availability: Availability.attempting, text: 'Asking for a certificate.' };
    return this.#current === undefined
      ? { availability: Availability.neverTried, text: 'No certificate was asked for yet.' }
      : { availability: Availability.previously, text: 'The certificate has expired.' };
  }

  /** Asks for a certificate now, so that the first handshake need not wait; the status after that. */
  async init(): Promise<AuthenticationStatus> {
    await this.forHandshake().catch(() => {});
    return this.status;
  }

  /** For the next handshake; renews when less than two hours are left, and then falls back on what is valid. */
  async forHandshake(): Promise<Credentials> {
    const now = this.#now();
    const current = this.#current;
    if (current !== undefined && current.expiresAt - now > RENEW_BEFORE) return current.credentials;
    this.#pending ??= this.#attempt();
    try {
      return await this.#pending;
    } catch (error) {
      if (current !== undefined && current.expiresAt > now) return current.credentials;
      throw error;
    }
  }

  async #attempt(): Promise<Credentials> {
    // A moment later, when it is known to be under way.
    await null;
    this.onStatus(this.status);
    try {
      const credentials = await this.#renew();
      this.#failure = undefined;
      return credentials;
    } catch (error) {
      this.#failure = messageOf(error);
      throw error;
    } finally {
      this.#pending = undefined;
      this.onStatus(this.status);
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
