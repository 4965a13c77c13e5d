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
 * Where a driver's client opens relayed sessions to the cars ahead, whose positions come from there and not from
 * the server. Whoever has a transport between players (signaling, datagram relay) implements it.
 */
export interface PeerSessions {
  /** Called when the cars ahead change; sessions to others are closed. */
  follow(ahead: readonly Ahead[]): void;
}
