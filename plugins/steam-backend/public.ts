import { serviceToken } from 'beaconry';
import type { EClanRank, EClanRelationship, EResult } from 'beaconry/steam';

/** Who wants to log on as a player; exactly one of the credentials. */
export type PlayerCredential =
  | { readonly accountKey: string }
  | { readonly jwt: string }
  /** A ticket of the real Steam, as its client gave it. */
  | { readonly steamTicket: Uint8Array }
  /** Continues a connection that was cut: nobody who verified its tickets notices. */
  | { readonly resume: Resume };

export interface Resume {
  readonly connection: string;
  readonly secret: string;
}

export interface PlayerLogon {
  readonly credential: PlayerCredential;
  /** IP the logon comes from, canonical text; a remote backend uses what it sees itself. */
  readonly address: string;
}

export interface ServerLogon {
  /** 32 hex digits; null for an anonymous server. */
  readonly token: string | null;
  readonly appId: number;
  readonly product: string;
  readonly version: string;
  /** EServerMode. */
  readonly mode: number;
  readonly address: string;
  readonly gamePort: number;
  readonly queryPort: number;
  /** Continues an anonymous logon under the same identity. */
  readonly resume?: Resume;
}

export type LogonAnswer<L> =
  | { readonly ok: true; readonly link: L }
  | { readonly ok: false; readonly result: EResult; readonly retrying: boolean };

/** A session as its verifier uploads it. */
export interface SessionUpload {
  readonly steamId: bigint;
  /** Random name of this session; makes sending it again harmless. */
  readonly session: string;
  readonly appId: number;
  /** First 52 bytes of the ticket (24 of an old connect blob). */
  readonly authPart: Uint8Array;
  /** The verdict known so far; null while none came. */
  readonly response: number | null;
}

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

export interface GroupStatus {
  readonly member: boolean;
  readonly officer: boolean;
}

export interface Compatibility {
  readonly result: EResult;
  readonly playersDontLikeCandidate: number;
  readonly playersCandidateDoesntLike: number;
  readonly clanPlayersDontLikeCandidate: number;
  readonly isClanMember: boolean;
}

export interface Reputation {
  readonly result: EResult;
  /** 1000 and less: see docs of the plugin. */
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

export interface AccountCreated {
  readonly steamId: bigint;
  /** 256 random bits as 64 hex digits; shown once, only its hash is kept. */
  readonly accountKey: string;
}

/** The part of Steam's servers, in this process or behind a URL: the same interface, the same answers. */
export interface SteamBackend {
  readonly kind: 'local' | 'remote';
  logOnServer(logon: ServerLogon, events: ServerEvents): Promise<LogonAnswer<ServerLink>>;
  logOnPlayer(logon: PlayerLogon, events: LinkEvents): Promise<LogonAnswer<PlayerLink>>;
  /** Self-service: refused with 15 when accounts are closed, 84 when asked too often. */
  createAccount(
    address: string,
    name: string,
  ): Promise<{ readonly result: EResult; readonly account?: AccountCreated }>;
}
export const SteamBackend = serviceToken<SteamBackend>('SteamBackend');

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

export type AccountChange = Partial<
  Pick<Account, 'name' | 'locked' | 'communityBanned' | 'limited' | 'phone'>
>;

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

export type BanKind = 'vac' | 'game';

export interface SteamBan {
  readonly steamId: bigint;
  /** 0 stands for every app. */
  readonly appId: number;
  readonly kind: BanKind;
  readonly from: number;
  readonly until: number | null;
  readonly by: string;
  readonly reason: string;
  /** Set on the ban of an owner whose borrower was banned: the borrower. */
  readonly becauseOf: bigint | null;
}

/** Where the backend learns who is banned; another plugin may provide it instead of the built-in tables. */
export interface BanLookup {
  find(steamId: bigint, appId: number, kind: BanKind): Promise<SteamBan | undefined>;
  list(steamId: bigint): Promise<readonly SteamBan[]>;
  add(ban: Omit<SteamBan, 'from'>): Promise<SteamBan>;
  remove(steamId: bigint, appId: number, kind: BanKind): Promise<boolean>;
  findAddress(
    address: string,
  ): Promise<{ readonly cidr: string; readonly until: number | null } | undefined>;
  /** Called after each ban that was added, wherever it came from. */
  onBan(listener: (ban: SteamBan) => void): () => void;
}
export const BanLookup = serviceToken<BanLookup>('BanLookup');

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

/** The operator's side of a local backend; with `backend: URL` every call throws BACKEND_IS_REMOTE. */
export interface SteamAdministration {
  createAccount(options?: { readonly name?: string }): Promise<AccountCreated>;
  resetAccountKey(steamId: bigint): Promise<AccountCreated>;
  account(steamId: bigint): Promise<Account | undefined>;
  accounts(after?: bigint, limit?: number): Promise<readonly Account[]>;
  changeAccount(steamId: bigint, change: AccountChange): Promise<Account>;
  /** Removes the account and everything that hangs on it. */
  deleteAccount(steamId: bigint): Promise<boolean>;

  createServerAccount(options: {
    readonly owner: bigint;
    readonly appId: number;
    readonly memo?: string;
  }): Promise<{ readonly steamId: bigint; readonly loginToken: string }>;
  serverAccounts(owner?: bigint): Promise<readonly ServerAccount[]>;
  serverAccount(steamId: bigint): Promise<ServerAccount | undefined>;
  queryLoginToken(token: string): Promise<ServerAccount | undefined>;
  resetLoginToken(steamId: bigint): Promise<string>;
  setMemo(steamId: bigint, memo: string): Promise<void>;
  deleteServerAccount(steamId: bigint): Promise<boolean>;
  setServerBan(steamId: bigint, until: number | null | 'lift'): Promise<void>;

  grantLicence(licence: {
    readonly steamId: bigint;
    readonly appId: number;
    readonly package?: number;
    readonly until?: number | null;
    readonly lender?: bigint | null;
    readonly dlcOf?: number | null;
  }): Promise<Licence>;
  revokeLicence(steamId: bigint, appId: number): Promise<boolean>;
  licences(steamId: bigint): Promise<readonly Licence[]>;
  /** Own or borrowed, at this moment. */
  ownerOf(steamId: bigint, appId: number): Promise<bigint | undefined>;

  createGroup(name: string): Promise<bigint>;
  deleteGroup(group: bigint): Promise<boolean>;
  group(group: bigint): Promise<{ readonly name: string } | undefined>;
  setMember(group: bigint, member: GroupMember): Promise<void>;
  removeMember(group: bigint, steamId: bigint): Promise<boolean>;
  members(group: bigint): Promise<readonly GroupMember[]>;
  groupsOf(steamId: bigint): Promise<readonly bigint[]>;

  block(steamId: bigint, blocked: bigint): Promise<void>;
  unblock(steamId: bigint, blocked: bigint): Promise<boolean>;
  blockedBy(steamId: bigint): Promise<readonly bigint[]>;

  ban(ban: {
    readonly steamId: bigint;
    readonly appId: number;
    readonly kind: BanKind;
    readonly until?: number | null;
    readonly by: string;
    readonly reason: string;
  }): Promise<SteamBan>;
  unban(steamId: bigint, appId: number, kind: BanKind): Promise<boolean>;
  bans(steamId: bigint): Promise<readonly SteamBan[]>;
  banAddress(cidr: string, until: number | null): Promise<void>;
  unbanAddress(cidr: string): Promise<boolean>;

  requireVersion(
    appId: number,
    product: string,
    required: { readonly version: string; readonly reject: boolean; readonly text: string } | null,
  ): Promise<void>;
  requiredVersion(
    appId: number,
    product: string,
  ): Promise<
    { readonly version: string; readonly reject: boolean; readonly text: string } | undefined
  >;
  /** Whether servers of the app may be secure; told to those that are logged on. */
  setSecurePolicy(appId: number, secure: boolean): Promise<void>;

  /** Checks a Web API ticket (kind 5); uses it up. */
  authenticateTicket(
    ticket: Uint8Array,
    appId: number,
    identity: string | null,
  ): Promise<TicketOwner>;
  /** Entries in each table, for metrics and tests. */
  tableSizes(): Promise<Readonly<Record<string, number>>>;
}
export const SteamAdministration = serviceToken<SteamAdministration>('SteamAdministration');
