import type { PeerAddress } from 'beaconry';
import type { Wanted } from './ordered-indexes.js';
import type { Registration, ServerDescription } from './public.js';

/** What the operator's rules say of a server, beside what it says of itself. */
export interface Standing {
  readonly whitelisted: boolean;
  readonly outdated: boolean;
  /** A lease vouches for the address, at which nobody can be asked. */
  readonly fakeIp?: boolean;
}

export type UpsertResult =
  | 'added'
  | 'changed'
  /** Nothing but the time of the join is new. */
  | 'refreshed'
  /** The address, or its /24 or /48, holds as many servers as it may. */
  | 'address-full'
  | 'prefix-full';

/** A registration as the table holds it. */
export interface Registered extends Registration {
  /** Its own as long as it is registered, then another one's: a small number, for facts in columns. */
  readonly slot: number;
  /** Writes the address into a reused one. */
  readAddress(into: PeerAddress): PeerAddress;
}

/** What a query told of a server. */
export interface Revision {
  readonly verified: boolean;
  readonly hidden: boolean;
  readonly players: number;
}

/** All that another node knows of a registration. */
export interface AdoptedRegistration extends ServerDescription, Standing, Revision {
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Milliseconds since its last join. */
  readonly age: number;
}

/** Why a server is no longer registered. */
export type Leaving = 'signed-off' | 'expired' | 'banned' | 'removed';

/** Where a scan starts and which servers it sees. */
export interface ScanRange {
  /** A socket of one family lists servers of that family. */
  readonly family: 'ipv4' | 'ipv6';
  /** Servers greater than this address and port; default all. */
  readonly after?: PeerAddress | undefined;
  /** The visitor wants no others, so that the table may leave others out, and need not. */
  readonly wanted?: Wanted | undefined;
}

/** The registered servers, ordered by address and port. */
export interface RegistrationTable {
  readonly size: number;
  /** Rises when a server comes, goes or changes; not when it is only refreshed. */
  readonly version: number;
  find(address: PeerAddress): Registered | undefined;
  /** The registration in a slot that is in use. */
  at(slot: number): Registered;
  /** Registers a server or refreshes it: its time to live starts anew. The address is copied. */
  upsert(address: PeerAddress, description: ServerDescription, standing: Standing): UpsertResult;
  /** Takes what a query told; lists change with it. */
  revise(registration: Registered, revision: Partial<Revision>): void;
  remove(address: PeerAddress, why?: Leaving): boolean;
  /** Removes all servers of which the test says yes. */
  removeWhere(test: (registration: Registration) => boolean, why: Leaving): void;
  /** Removes servers whose time is over, at most `limit` in one call; tells how many. */
  expire(limit?: number): number;
  /** Visits in order of address and port, until the visitor says false. The visitor changes nothing. */
  scan(range: ScanRange, visit: (registration: Registered) => boolean): void;
  /** How many registrations a scan of that kind would visit at most, wherever it starts. */
  countAtMost(range: ScanRange): number;
  /** Called when a server that is not hidden comes or changes; the returned function ends it. */
  onUpsert(listener: (registration: Registration) => void): () => void;
  /** Called when a server is hidden or, not being hidden, removed. */
  onRemove(listener: (registration: Registration) => void): () => void;
  /** Called when a server is removed, hidden or not. */
  onForget(listener: (registration: Registered, why: Leaving) => void): () => void;
}

export interface RegistrationLimits {
  /** Milliseconds a server stays after its last join. */
  readonly ttl: number;
  /** Servers of one address; 0 for no limit. */
  readonly perAddress: number;
  /** Servers of one /24 or /48; 0 for no limit. */
  readonly perPrefix: number;
  /** Servers are hidden until they are verified, and those that are not make room for others. */
  readonly verify?: () => boolean;
}
