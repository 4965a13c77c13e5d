import type { PeerAddress } from 'beaconry';

/** Why a datagram led to nothing, in words an operator can act on. */
export type RefusalReason =
  /** A join whose challenge is missing, old or another server's. */
  | 'challenge'
  | 'loopback'
  | 'denied'
  | 'port'
  | 'address-full'
  | 'prefix-full'
  | 'outdated'
  /** More joins than the rate limit of its /24 or /48 allows. */
  | 'rate'
  | 'filter'
  /** A page that the list budget did not pay. */
  | 'budget'
  /** A list that would have cost more searching than the machine has to spare. */
  | 'search';

/** Hears of every refusal; the address is a reused view. Keeps nothing for addresses that proved nothing. */
export interface Refusals {
  note(address: PeerAddress, reason: RefusalReason): void;
}
