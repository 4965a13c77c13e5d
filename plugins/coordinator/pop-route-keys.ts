import { ServerError, type Store } from 'beaconry';
import type { CertificateStore } from './sdr/certificate-store.js';

interface BoundKey {
  /** X25519 in hex. */
  readonly routeKey: string;
  /** Of the relay that brought it. */
  readonly keyId: string;
  [key: string]: string;
}

export interface PopRouteKeysOptions {
  readonly store: Store;
  /** In hex: the key of the network. */
  readonly home: string;
  certificates(): CertificateStore;
  /**
   * Signing keys that alone may bring another key for the POP, since the configuration lists their relays there;
   * undefined: it lists none, and anybody may who is certified for the POP.
   */
  configuredKeys(pop: string): ReadonlySet<string> | undefined;
}

/**
 * The key to which routes into a POP are sealed. The first relay that is listed there decides it for good: whoever
 * could replace it later would read where the servers of the POP are.
 */
export class PopRouteKeys {
  constructor(private readonly options: PopRouteKeysOptions) {}

  /** RELAY_ROUTE_KEY for another key than that of the POP. */
  async check(pop: string, routeKey: string, keyId: string): Promise<void> {
    const known = await this.options.store.get<BoundKey>(nameOf(pop));
    if (known !== undefined && !this.#isRevoked(known)) {
      if (known.routeKey !== routeKey) throw this.#refusal(pop);
    } else if (this.options.configuredKeys(pop)?.has(keyId) === false) {
      if (this.options.home !== routeKey) throw this.#refusal(pop);
    }
  }

  /** Binds the POP to the key of a relay that is about to be listed; RELAY_ROUTE_KEY when somebody was quicker. */
  async bind(pop: string, routeKey: string, keyId: string): Promise<void> {
    if (this.options.configuredKeys(pop)?.has(keyId) === false) return;
    const bound = await this.options.store.update<BoundKey>(nameOf(pop), (known) =>
      known === undefined || this.#isRevoked(known) ? { routeKey, keyId } : known,
    );
    if (bound?.routeKey !== routeKey) throw this.#refusal(pop);
  }

  /** Once no relay of the POP is left, the next one may bring another key. */
  async free(pop: string): Promise<void> {
    await this.options.store.delete(nameOf(pop));
  }

  #isRevoked({ keyId }: BoundKey): boolean {
    return this.options.certificates().isRevoked(BigInt(keyId));
  }

  #refusal(pop: string): ServerError {
    return new ServerError(
      'RELAY_ROUTE_KEY',
      `routes into POP ${pop} are sealed to another key; its relays share one, and the operator changes it with "pop remove ${pop}"`,
    );
  }
}

const nameOf = (pop: string): string => `route-key/${pop}`;
