import { readFile } from 'node:fs/promises';
import { type Clock, DecodeError, messageOf, ServerError } from 'beaconry';
import { CertificateStore } from './certificate-store.js';
import {
  decodeConfigSignature,
  decodeNetworkConfig,
  type NetworkConfig,
} from './network-config-codec.js';
import { replaceFile } from './replace-file.js';

/** What a request for the config answered; `status` 304 has no text. */
export interface FetchedConfig {
  readonly status: number;
  readonly text: string;
  readonly etag: string | undefined;
  readonly signature: string | undefined;
}

export interface NetworkConfigCacheOptions {
  readonly clock: Pick<Clock, 'now' | 'every'>;
  /** Keys that may sign, or stand above those that do; 32 raw bytes each. */
  readonly roots: readonly Uint8Array[];
  readonly appId: number;
  fetch(etag: string | undefined): Promise<FetchedConfig>;
  /** Local copy, such as SDR_NETWORK_CONFIG names; read at start, rewritten in one step. */
  readonly file?: string;
  /** Milliseconds between refreshes; default an hour. */
  readonly interval?: number;
  /** Told when a refresh fails; the copy at hand stays in force. */
  readonly onFailure?: (message: string) => void;
}

/** The network config on the side that uses it: refreshed hourly, checked, and kept when nobody answers. */
export class NetworkConfigCache {
  #config: NetworkConfig | undefined;
  #store: CertificateStore;
  #etag: string | undefined;
  #stop: (() => void) | undefined;
  readonly #listeners = new Set<(config: NetworkConfig) => void>();

  constructor(private readonly options: NetworkConfigCacheOptions) {
    this.#store = new CertificateStore({ roots: options.roots });
  }

  /** The newest config at hand, possibly stale; undefined when there never was one. */
  get config(): NetworkConfig | undefined {
    return this.#config;
  }

  /** Trust as of that config. */
  get certificates(): CertificateStore {
    return this.#store;
  }

  onChange(listener: (config: NetworkConfig) => void): void {
    this.#listeners.add(listener);
  }

  /** Takes the local copy, then asks once; rejects with NO_NETWORK_CONFIG when neither gave a config. */
  async start(): Promise<void> {
    let missing = 'no local copy is configured';
    if (this.options.file !== undefined) {
      missing = await this.#load(this.options.file);
    }
    const failure = await this.refresh();
    if (this.#config === undefined) {
      throw new ServerError('NO_NETWORK_CONFIG', `no network config: ${failure}; ${missing}`);
    }
    this.#stop = this.options.clock.every(this.options.interval ?? 3_600_000, () => {
      void this.refresh();
    });
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Asks for a newer config; the reason when the copy at hand stayed in force for lack of an answer. */
  async refresh(): Promise<string | undefined> {
    try {
      const fetched = await this.options.fetch(this.#etag);
      if (fetched.status === 304) return undefined;
      if (fetched.status !== 200) {
        throw new ServerError('CONFIG_STATUS', `the coordinator answered ${fetched.status}`);
      }
      const { config, store } = this.#verify(fetched);
      if (this.options.file !== undefined) await replaceFile(this.options.file, fetched.text);
      this.#etag = fetched.etag;
      this.#install(config, store);
      return undefined;
    } catch (error) {
      const message = messageOf(error);
      this.options.onFailure?.(message);
      return message;
    }
  }

  /** CONFIG_UNSIGNED, CONFIG_SIGNATURE, CONFIG_OLD, and the codes of the signer's chain. */
  #verify({ text, signature }: FetchedConfig): { config: NetworkConfig; store: CertificateStore } {
    if (signature === undefined) throw new ServerError('CONFIG_UNSIGNED', 'config is unsigned');
    const config = decodeNetworkConfig(text);
    const { keyId, signature: bytes } = decodeConfigSignature(signature);
    if (config.revokedKeys.includes(keyId)) this.#takeRevocations(config, keyId, text, bytes);
    const store = this.#trust(config);
    const signer = store.trusted(keyId, Math.floor(this.options.clock.now() / 1000));
    if (signer.scope.appIds?.has(this.options.appId) === false) {
      throw new ServerError('CONFIG_SIGNATURE', `key ${keyId} may not sign for this app`);
    }
    if (!signer.key.verifies(Buffer.from(text), bytes)) {
      throw new ServerError('CONFIG_SIGNATURE', `config is not signed by key ${keyId}`);
    }
    const known = this.#config?.revision ?? 0;
    if (config.revision < known) {
      throw new ServerError('CONFIG_OLD', `revision ${config.revision}, but ${known} is known`);
    }
    return { config, store };
  }

  /**
   * A network whose last signing key is revoked can tell it with that key alone: such a config is not taken, but
   * what it revokes is, since whoever holds the key could do no more harm by it than by signing something else.
   */
  #takeRevocations(config: NetworkConfig, keyId: bigint, text: string, bytes: Uint8Array): void {
    const now = Math.floor(this.options.clock.now() / 1000);
    const known = this.#config;
    if (known === undefined || !this.#store.isTrusted(keyId, now)) return;
    if (!this.#store.trusted(keyId, now).key.verifies(Buffer.from(text), bytes)) return;
    const revokedKeys = [...new Set([...known.revokedKeys, ...config.revokedKeys])];
    const next = { ...known, revokedKeys };
    this.#install(next, this.#trust(next));
  }

  #trust(config: NetworkConfig): CertificateStore {
    const store = new CertificateStore({ roots: this.options.roots });
    for (const certificate of config.certificates) {
      try {
        store.add(certificate);
      } catch (error) {
        // One certificate of a kind this program does not know must not cost all others.
        if (!(error instanceof ServerError || error instanceof DecodeError)) throw error;
      }
    }
    // What was revoked once stays so, even when an older answer is played back.
    store.setRevoked(new Set([...(this.#config?.revokedKeys ?? []), ...config.revokedKeys]));
    return store;
  }

  #install(config: NetworkConfig, store: CertificateStore): void {
    this.#config = config;
    this.#store = store;
    for (const listener of this.#listeners) listener(config);
  }

  /** The local copy is the operator's own file and needs no signature; gives why it was not taken. */
  async #load(file: string): Promise<string> {
    try {
      const config = decodeNetworkConfig(await readFile(file, 'utf8'));
      this.#install(config, this.#trust(config));
      return '';
    } catch (error) {
      return `local copy ${file}: ${messageOf(error)}`;
    }
  }
}
