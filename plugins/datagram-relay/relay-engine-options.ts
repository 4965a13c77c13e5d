import type { Clock, PeerAddress } from 'beaconry';
import type { HostedRoute } from '../coordinator/sdr/hosted-address-codec.js';
import type { LegLimits } from './leg-table.js';
import type { ExchangeKey } from './relay-keys.js';
import type { RelayNetworkView } from './relay-network-view.js';

export interface RelayEngineOptions {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  send(bytes: Uint8Array, to: PeerAddress): void;
  /** X25519 key of this relay's POP. */
  readonly key: ExchangeKey;
  /** Opens the sealed route of a ticket; DecodeError when it is for other relays. */
  openRoute(bytes: Uint8Array): HostedRoute;
  /** The newest network config, as seen from here. */
  network(): RelayNetworkView;
  /** Where other relays see this one; needed for two-hop routes only. */
  ownAddress(): PeerAddress | undefined;
  readonly dev: boolean;
  /** Legs, a power of two. */
  readonly maxLegs?: number;
  readonly maxRegistrations?: number;
  readonly limits?: LegLimits;
  readonly opensPerMinute?: number;
  /** Signature work for proven strangers, per second. */
  readonly handshakesPerSecond?: number;
  /** Milliseconds without a valid packet after which a leg ends. */
  readonly idle?: number;
}

export interface HandshakeCounters {
  probes: number;
  badCookie: number;
  limited: number;
  opened: number;
  refused: number;
  joins: number;
  registered: number;
  unregistered: number;
}
