import { createHash } from 'node:crypto';
import { type Clock, DecodeError, type Logger, ServerError, type Store } from 'beaconry';
import type { KeyFolder, SigningPair } from './key-folder.js';
import type { PublishedConfig } from './public.js';
import { publishedPops } from './published-pops.js';
import type { RelayRegistry } from './relay-registry.js';
import type { Revocations } from './revocations.js';
import { encodeBase64 } from './sdr/armour-codec.js';
import {
  decodeCertificateBody,
  decodeCertificateText,
  encodeSignedCertificate,
  type SignedCertificate,
} from './sdr/certificate-codec.js';
import { CertificateStore } from './sdr/certificate-store.js';
import {
  type DirectMode,
  encodeConfigSignature,
  encodeNetworkConfig,
  type NetworkConfig,
  type PopEntry,
} from './sdr/network-config-codec.js';
import { keyIdOf } from './sdr/openssh-key-codec.js';

export interface PublisherOptions {
  readonly store: Store;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly keys: KeyFolder;
  readonly revocations: Revocations;
  /** POPs as configured. */
  readonly pops: ReadonlyMap<string, PopEntry>;
  readonly typicalPings: readonly (readonly [string, string, number])[];
  readonly p2pShareIp: Readonly<Record<string, number>>;
  readonly directMode: DirectMode;
}

interface StoredRevision {
  readonly hash: string;
  readonly revision: number;
  [key: string]: string | number;
}

/**
 * Builds and signs the network config out of configuration, relays that joined, CA certificates of all nodes
 * and revocations. The revision rises when, and only when, the content changes.
 */
export class NetworkConfigPublisher {
  #published: PublishedConfig | undefined;
  #signer: SigningPair | undefined;
  #certificates: CertificateStore;
  #authorities: readonly SignedCertificate[] = [];
  #signerChain: readonly SignedCertificate[] = [];
  #work: Promise<void> = Promise.resolve();
  #said: string | undefined;

  constructor(
    private readonly options: PublisherOptions,
    private readonly relays: () => RelayRegistry,
  ) {
    this.#certificates = new CertificateStore({ roots: [options.keys.rootPublicKey] });
  }

  get published(): PublishedConfig {
    if (this.#published === undefined) throw new ServerError('NO_CONFIG', 'no config is built yet');
    return this.#published;
  }

  get certificates(): CertificateStore {
    return this.#certificates;
  }

  /** The key that signs now. NO_SIGNER: all are revoked or expired. */
  get signer(): SigningPair {
    if (this.#signer !== undefined) return this.#signer;
    throw new ServerError(
      'NO_SIGNER',
      'the coordinator has no valid signing key and gives nothing out; its log tells the operator what to do',
    );
  }

  /** Certificates of the signer, from the one a root signed downwards. */
  get signerChain(): readonly SignedCertificate[] {
    return this.#signerChain;
  }

  /** Builds again after a change; calls run one after the other. */
  rebuild(): Promise<void> {
    const run = this.#work.then(() => this.#rebuild());
    // A failure is its caller's; the next one starts afresh.
    this.#work = run.catch(() => {});
    return run;
  }

  async #rebuild(): Promise<void> {
    const { keys, revocations, log } = this.options;
    await revocations.load();
    await this.#renewTrust();
    if (keys.needsRotation(this.#isLost) && (await this.#makeOrReadKeys()))
      await this.#renewTrust();
    const signer = keys.active(this.#isLost);
    this.#signer = signer;
    this.#signerChain = signer === undefined ? [] : chainOf(signer.key.id, this.#authorities);
    // With no valid key left nothing is given out any more; a last config, signed by the key that it revokes,
    // tells everybody so, and is believed for its revocations alone.
    const { key } = signer ?? keys.pairs[0] ?? fail(keys.missing);
    this.#say(signer === undefined ? keys.missing.message : undefined);
    await this.relays().load();

    const config = await this.#number(this.#content());
    const text = encodeNetworkConfig(config);
    const signature = encodeConfigSignature(key.id, key.sign(Buffer.from(text)));
    if (config.revision !== this.#published?.config.revision) {
      log.info(
        { revision: config.revision, pops: config.pops.size },
        'published the network config',
      );
    }
    this.#published = { config, text, signature };
  }

  /** Whether a key may not sign any more: it, or one above it, is revoked, or its certificate expired. */
  readonly #isLost = (keyId: bigint): boolean =>
    !this.#certificates.isTrusted(keyId, Math.floor(this.options.clock.now() / 1000));

  /** Revocations count from here on, whatever fails later. */
  async #renewTrust(): Promise<void> {
    const { keys, revocations } = this.options;
    this.#authorities = await this.#shareAuthorities();
    const certificates = new CertificateStore({ roots: [keys.rootPublicKey] });
    for (const authority of this.#authorities) certificates.add(authority);
    certificates.setRevoked(revocations.ids);
    this.#certificates = certificates;
  }

  /** A new key of the root here, or what the operator put into the folder; false: neither. */
  async #makeOrReadKeys(): Promise<boolean> {
    const { keys, revocations } = this.options;
    const known = keys.pairs.length;
    try {
      if (revocations.has(keyIdOf(keys.rootPublicKey))) return false;
      await keys.rotate();
      return true;
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== 'KEY_MISSING') throw error;
      await keys.reload();
      if (keys.pairs.length > known) return true;
      this.#say(`signing key is missing or near its end: ${error.message}`);
      return false;
    }
  }

  /** Once, until something else is to be said. */
  #say(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#said) this.options.log.warn(problem);
    if (problem !== undefined) this.#said = problem;
  }

  /** Own CA certificates go to the store, from which every node publishes all. */
  async #shareAuthorities(): Promise<readonly SignedCertificate[]> {
    const { store, keys, clock } = this.options;
    const now = Math.floor(clock.now() / 1000);
    for (const { key, certificate, expiresAt } of keys.pairs) {
      if (expiresAt <= now) continue;
      const text = encodeBase64(encodeSignedCertificate(certificate));
      await store.set(`certificate/${key.id}`, text, { ttl: (expiresAt - now) * 1000 });
    }
    const entries = await store.scan<string>('certificate/');
    return entries.flatMap(([name, text]) => {
      try {
        return [decodeCertificateText(text)];
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        this.options.log.warn({ name }, 'the store holds a certificate that cannot be read');
        return [];
      }
    });
  }

  #content(): Omit<NetworkConfig, 'revision'> {
    const { keys, revocations, pops, typicalPings, p2pShareIp, directMode } = this.options;
    const home = Buffer.from(keys.routeKey.publicKey).toString('hex');
    return {
      pops: publishedPops(pops, this.relays().live, home),
      certificates: this.#authorities,
      revokedKeys: [...revocations.ids].sort((one, other) => (one < other ? -1 : 1)),
      relayPublicKey: keys.routeKey.publicKey,
      p2pShareIp,
      typicalPings,
      directMode,
    };
  }

  async #number(content: Omit<NetworkConfig, 'revision'>): Promise<NetworkConfig> {
    const text = encodeNetworkConfig({ ...content, revision: 0 });
    const hash = createHash('sha256').update(text).digest('base64');
    const stored = await this.options.store.update<StoredRevision>('revision', (known) =>
      known?.hash === hash ? known : { hash, revision: (known?.revision ?? 0) + 1 },
    );
    return { ...content, revision: stored?.revision ?? 1 };
  }
}

function chainOf(
  keyId: bigint,
  authorities: readonly SignedCertificate[],
): readonly SignedCertificate[] {
  const chain: SignedCertificate[] = [];
  for (let id = keyId; ; ) {
    const next = authorities.find(
      ({ body }) => keyIdOf(decodeCertificateBody(body).keyData) === id,
    );
    if (next === undefined || chain.includes(next)) return chain;
    chain.unshift(next);
    id = next.caKeyId;
  }
}

function fail(error: ServerError): never {
  throw error;
}
