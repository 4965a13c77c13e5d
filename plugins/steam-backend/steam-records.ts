import type { EClanRank, EClanRelationship, EResult } from 'beaconry/steam';

/** A new account, and the key that proves it. */
export interface AccountCreated {
  readonly steamId: bigint;
  /** 256 random bits as 64 hex digits; shown once, only its hash is kept. */
  readonly accountKey: string;
}

/** An account of a player; times are Unix milliseconds. */
export interface Account {
  readonly steamId: bigint;
  readonly name: string;
  readonly created: number;
  /** How the identity was proven: `key` by the operator, `open` by nobody. */
  readonly origin: 'key' | 'self-service' | 'open' | 'jwt' | 'steam-ticket';
  readonly verified: boolean;
  readonly locked: boolean;
  readonly communityBanned: boolean;
  readonly limited: boolean;
  readonly phone: boolean;
}

/** What an operator may change of an account. */
export type AccountChange = Partial<
  Pick<Account, 'name' | 'locked' | 'communityBanned' | 'limited' | 'phone'>
>;

/** The account of a game server, for which a login token stands; times are Unix milliseconds. */
export interface ServerAccount {
  readonly steamId: bigint;
  readonly appId: number;
  readonly memo: string;
  readonly owner: bigint;
  readonly created: number;
  readonly lastLogon: number | null;
  readonly deleted: boolean;
  readonly expired: boolean;
  readonly banned: boolean;
  readonly bannedUntil: number | null;
}

/** What an account may play; times are Unix milliseconds. */
export interface Licence {
  readonly steamId: bigint;
  readonly appId: number;
  readonly package: number;
  readonly from: number;
  readonly until: number | null;
  /** The account that lends it (family sharing). */
  readonly lender: bigint | null;
  /** The app whose tickets list this one as DLC. */
  readonly dlcOf: number | null;
}

/** Somebody in a group. */
export interface GroupMember {
  readonly steamId: bigint;
  readonly relationship: EClanRelationship;
  readonly rank: EClanRank;
}

/** What a Web API ticket proves. */
export interface TicketOwner {
  readonly result: EResult;
  readonly steamId: bigint;
  readonly ownerId: bigint;
  readonly vacBanned: boolean;
  readonly publisherBanned: boolean;
}
