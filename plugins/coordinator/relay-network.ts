import { type Clock, serviceToken } from 'beaconry';
import type { KeyFolder } from './key-folder.js';
import type { NetworkConfigPublisher } from './network-config-publisher.js';
import type { RelayState } from './public.js';
import { relayAddress } from './relay-record.js';
import type { RelayRegistry } from './relay-registry.js';
import type { Revocations } from './revocations.js';

/** What the operator does to the network; each call is in force when its promise resolves. */
export interface RelayNetwork {
  list(): readonly RelayState[];
  drain(name: string): Promise<readonly string[]>;
  remove(name: string): Promise<readonly string[]>;
  admit(name: string): Promise<readonly string[]>;
  revoke(keyId: bigint, reason: string): Promise<void>;
  /** Id of the new key. */
  rotate(): Promise<string>;
}
export const RelayNetwork = serviceToken<RelayNetwork>('RelayNetwork');

export interface RelayNetworkParts {
  readonly relays: RelayRegistry;
  readonly revocations: Revocations;
  readonly keys: KeyFolder;
  readonly publisher: NetworkConfigPublisher;
  readonly clock: Pick<Clock, 'now'>;
  /** Tells other nodes that the store changed. */
  announce(): void;
}

/** The operator's hand on relays and keys. */
export class OperatedNetwork implements RelayNetwork {
  constructor(private readonly parts: RelayNetworkParts) {}

  list(): readonly RelayState[] {
    return this.parts.relays.all.map((relay) => ({
      relay: relay.id,
      pop: relay.pop,
      address: relayAddress(relay),
      keyId: relay.keyId,
      state: relay.state,
    }));
  }

  drain(name: string): Promise<readonly string[]> {
    return this.parts.relays.drain(name);
  }

  remove(name: string): Promise<readonly string[]> {
    return this.parts.relays.remove(name);
  }

  admit(name: string): Promise<readonly string[]> {
    return this.parts.relays.admit(name);
  }

  async revoke(keyId: bigint, reason: string): Promise<void> {
    const { revocations, clock } = this.parts;
    await revocations.revoke(keyId, reason, new Date(clock.now()));
    await this.#published(undefined);
  }

  async rotate(): Promise<string> {
    const { key } = await this.parts.keys.rotate();
    return this.#published(String(key.id));
  }

  async #published<T>(result: T): Promise<T> {
    await this.parts.publisher.rebuild();
    this.parts.announce();
    return result;
  }
}
