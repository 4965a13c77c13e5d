import type { EResult } from 'beaconry/steam';
import type { Resume } from './logon.js';

/** A session as its verifier uploads it. */
export interface SessionUpload {
  readonly steamId: bigint;
  /** Random name of this session; makes sending it again harmless. */
  readonly session: string;
  readonly appId: number;
  /** First 52 bytes of the ticket (24 of an old connect blob) as hex. */
  readonly authPart: string;
  /** The connect token among them, which names the ticket. */
  readonly token: bigint;
  /** The verdict known so far; null while none came. */
  readonly response: number | null;
}

/** What the backend says of the ticket of a session. */
export interface Verdict {
  readonly steamId: bigint;
  readonly session: string;
  /** EAuthSessionResponse. */
  readonly response: number;
  /** Who owns the game: differs from the player when it is borrowed. */
  readonly ownerId: bigint;
  /** Apps and DLC the player may use, own or borrowed. */
  readonly licences: readonly number[];
  /** Set on code 2 when the owner of a borrowed game began to play himself. */
  readonly ownerPlays?: boolean;
}

/** A ticket as its issuer makes it known. */
export interface TicketRegistration {
  readonly handle: number;
  readonly appId: number;
  readonly authPart: Uint8Array;
  /** Bound verifier: an IP text, `steamid:<decimal>`, or a name; null for anyone. */
  readonly identity: string | null;
}

/** What the backend says on its own to whoever is logged on. */
export interface LinkEvents {
  /** A session got a new verdict. */
  verdict(verdict: Verdict): void;
  /** The licences of a user with an open session changed. */
  licences(steamId: bigint, licences: readonly number[]): void;
  /** The link is gone; with `retrying` a new logon may succeed. */
  lost(result: EResult, retrying: boolean): void;
}

export interface ServerEvents extends LinkEvents {
  policy(secure: boolean): void;
  /** The version is too old; `rejected` servers also leave the list. */
  outOfDate(rejected: boolean, text: string): void;
}

/** One logged-on party: it can issue tickets and verify those of others. Methods reject when the link is lost. */
export interface SteamLink {
  readonly steamId: bigint;
  readonly resume: Resume;
  /** Address the backend saw the logon come from. */
  readonly publicAddress: string;
  /** Game-connect tokens to begin with; each ticket uses one up. */
  readonly connectTokens: readonly bigint[];
  /** Public keys (PEM) whose ticket signatures are believed. */
  readonly trustedKeys: readonly string[];
  /** The signed ownership ticket for an app, signature included. */
  ownership(appId: number): Promise<{ readonly result: EResult; readonly bytes: Uint8Array }>;
  /** Makes a ticket known; the answer carries tokens to refill the pool. Durable when it resolves. */
  registerTicket(
    ticket: TicketRegistration,
  ): Promise<{ readonly result: EResult; readonly connectTokens: readonly bigint[] }>;
  /** Names the ticket by its connect token; every verifier with an open session on it gets code 6. */
  cancelTicket(connectToken: bigint): Promise<void>;
  /** Validates a ticket; the token is used up when this resolves with 0. */
  beginSession(session: SessionUpload): Promise<Verdict>;
  /** After a reconnect: all open sessions; answers only verdicts that changed. */
  uploadSessions(sessions: readonly SessionUpload[]): Promise<readonly Verdict[]>;
  endSession(steamId: bigint, session: string): Promise<void>;
  logOff(): Promise<void>;
  /** Lets go without logging off: the backend sees a lost connection. */
  drop(): void;
}

/** What a game server tells with each heartbeat. */
export interface ServerReport {
  readonly version: string;
  readonly product: string;
  readonly players: number;
  readonly advertised: boolean;
}

/** Whether somebody belongs to a group, and may speak for it. */
export interface GroupStatus {
  readonly member: boolean;
  readonly officer: boolean;
}

/** How a candidate gets on with the players of a server. */
export interface Compatibility {
  readonly result: EResult;
  readonly playersDontLikeCandidate: number;
  readonly playersCandidateDoesntLike: number;
  readonly clanPlayersDontLikeCandidate: number;
  readonly isClanMember: boolean;
}

/** What is known of a server by what it did. */
export interface Reputation {
  readonly result: EResult;
  /** From 1000 down to 0: less for bans, minutes of ghost players and heartbeats of a refused version. */
  readonly score: number;
  readonly banned: boolean;
  /** Only of a banned server. */
  readonly ban?: { readonly address: string; readonly port: number; readonly until: number | null };
}

export interface ServerLink extends SteamLink {
  readonly anonymous: boolean;
  readonly secure: boolean;
  report(report: ServerReport): Promise<void>;
  groupStatus(steamId: bigint, group: bigint): Promise<GroupStatus>;
  /** Group 0 removes the association. */
  associateClan(group: bigint): Promise<EResult>;
  compatibility(steamId: bigint): Promise<Compatibility>;
  reputation(): Promise<Reputation>;
}

export interface PlayerLink extends SteamLink {
  /** False for ids that anybody could have made. */
  readonly verified: boolean;
  /** Says which app is being played; 0 for none. */
  setPlaying(appId: number): Promise<void>;
  /** Sign of life of the player's anti-cheat. */
  antiCheatAlive(): Promise<void>;
}
