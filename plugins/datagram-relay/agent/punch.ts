import type { PeerAddress } from 'beaconry';
import { isPublicUnicast } from '../address-policy.js';
import type { HopKeys } from '../relay-keys.js';
import { Hop } from './hop.js';
import { Path } from './path.js';
import type { PeerCandidate } from './peer-signal-codec.js';
import type { RelayAccess, SessionOwner } from './relay-access.js';
import type { ProbedRelay } from './relay-prober.js';
import type { RelayedConnection } from './relayed-connection.js';

export interface PunchOptions {
  readonly access: RelayAccess;
  readonly owner: SessionOwner;
  readonly connection: RelayedConnection;
  readonly keys: HopKeys;
  now(): number;
  /** Packets arrive both ways. */
  onOpen(path: Path): void;
}

/** After so long without an answer the relay it is. */
const TIME = 3000;
const PAUSE = 150;

/**
 * Where relays see this host's socket; undefined: nobody knows yet, or they see different ports, as behind a NAT
 * that cannot be punched.
 */
export function observedAddress(relays: readonly ProbedRelay[]): PeerAddress | undefined {
  let found: PeerAddress | undefined;
  for (const { observed } of relays) {
    if (observed === undefined) continue;
    if (found !== undefined && !found.equals(observed)) return undefined;
    found = observed;
  }
  return found !== undefined && isPublicUnicast(found) ? found : undefined;
}

/** Tries to reach a peer without a relay: both send to each other's observed address at once. */
export class Punch {
  /** Session id with which packets come. */
  readonly id: number;
  #path: Path | undefined;
  #startedAt = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #state: 'waiting' | 'trying' | 'open' | 'failed' = 'waiting';

  constructor(private readonly options: PunchOptions) {
    this.id = options.access.newId(options.owner);
  }

  get state(): 'waiting' | 'trying' | 'open' | 'failed' {
    return this.#state;
  }

  /** What the peer has to know; undefined while there is nothing to tell. */
  candidate(): PeerCandidate | undefined {
    const address = observedAddress(this.options.access.prober.relays);
    return address === undefined || this.#state === 'failed' ? undefined : { id: this.id, address };
  }

  /** The peer's candidate. Nothing is sent to an address that is not public, nor to a relay. */
  heard({ id, address }: PeerCandidate): void {
    const { access, now, keys, connection } = this.options;
    const isRelay = access.prober.relays.some((relay) => relay.address.sameHost(address));
    if (this.#state !== 'waiting' || !isPublicUnicast(address) || isRelay) return;
    const { isClient } = connection.facts;
    const hop = new Hop(
      this.id,
      id,
      address.copy(),
      isClient ? keys.back : keys.forward,
      isClient ? keys.forward : keys.back,
      (bytes, to) => access.send(bytes, to),
      now(),
    );
    this.#path = new Path(hop, ['direct'], now());
    this.#startedAt = now();
    this.#state = 'trying';
    this.tick();
  }

  tick(): void {
    const now = this.options.now();
    if (this.#state !== 'trying' || this.#path === undefined) return;
    if (now - this.#startedAt > TIME) {
      this.#state = 'failed';
      this.options.access.dropId(this.id);
    } else if (now - this.#sentAt >= PAUSE) {
      this.#sentAt = now;
      this.options.connection.ping1(this.#path);
    }
  }

  receive(bytes: Uint8Array, from: PeerAddress): void {
    const path = this.#path;
    if (path === undefined || this.#state === 'failed' || !path.hop.address.equals(from)) return;
    this.options.connection.receive(path, bytes);
    // An answered ping: it went there and came back.
    if (this.#state !== 'trying' || path.answered === 0) return;
    this.#state = 'open';
    this.options.onOpen(path);
  }

  /** The way without relay is over. */
  lost(path: Path): boolean {
    if (path !== this.#path) return false;
    this.#state = 'failed';
    this.options.access.dropId(this.id);
    return true;
  }

  release(): void {
    this.options.access.dropId(this.id);
  }
}
