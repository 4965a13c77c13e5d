import { serviceToken } from 'beaconry';
import type { Ahead } from './rally-messages.js';
import type { StandingRow } from './standings.js';

export type { Ahead } from './rally-messages.js';
export type { StandingRow } from './standings.js';

/** The rally that this process hosts. */
export interface Rally {
  readonly name: string;
  readonly finished: boolean;
  readonly standings: readonly StandingRow[];
  /** Stops the clock of every crew; resolves when that is durable. */
  suspend(): Promise<void>;
  resume(): Promise<void>;
  penalise(number: number, milliseconds: number, reason: string): Promise<void>;
  /** Puts a crew out of the leg. */
  retire(number: number, reason: string): Promise<void>;
  /** Reads the definition again, between stages only. Error `RALLY_UNDER_WAY` says why it cannot be now. */
  reload(): Promise<void>;
}
export const Rally = serviceToken<Rally>('Rally');

/**
 * The way from a driver's client to the clients of other drivers. Whoever has a transport between players implements
 * it; `RelayedPeers` does over the datagram relay.
 */
export interface PeerSessions {
  /** Called when the cars ahead change: from now on those are heard, and sessions to others are closed. */
  follow(ahead: readonly Ahead[]): void;
  /** The own position, for whoever follows; the bytes are good only until this returns. */
  tell(bytes: Uint8Array): void;
  /** Set by the client: gets what a car ahead says, with the SteamID that its driver has proven. */
  onPosition: ((steamId: bigint, bytes: Uint8Array) => void) | undefined;
}
