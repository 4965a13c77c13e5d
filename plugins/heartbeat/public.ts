import { eventToken, type PeerAddress } from 'beaconry';

/** A master says that this game server is out of date; it answered the last join with the right challenge. */
export interface RestartRequested {
  /** The master as the configuration names it. */
  readonly master: string;
  /** What it said for people, without control characters; empty when it said nothing. */
  readonly text: string;
}
export const RestartRequested = eventToken<RestartRequested>('RestartRequested');

/**
 * A master says that a client behind NAT wants to connect. The address is whatever the master was told:
 * nothing is sent there by this plugin.
 */
export interface ConnectRequested {
  readonly master: string;
  readonly client: PeerAddress;
}
export const ConnectRequested = eventToken<ConnectRequested>('ConnectRequested');
