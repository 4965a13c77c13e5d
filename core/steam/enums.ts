/** Enumerations of Steam with their numbers (steam-gameserver 4); names are Valve's without the prefix. */

export enum EServerMode {
  Invalid = 0,
  /** Users are not authenticated and the server is not listed. */
  NoAuthentication = 1,
  /** Users are authenticated, the server is listed, bans do not count. */
  Authentication = 2,
  AuthenticationAndSecure = 3,
}

/** How the start of the interface ended. */
export enum ESteamAPIInitResult {
  OK = 0,
  FailedGeneric = 1,
  NoSteamClient = 2,
  VersionMismatch = 3,
}

/** Synchronous answer to a ticket; OK does not yet confirm the identity. */
export enum EBeginAuthSessionResult {
  /** The interface was not initialised; not one of Valve's numbers. */
  NotInitialised = -1,
  OK = 0,
  InvalidTicket = 1,
  DuplicateRequest = 2,
  InvalidVersion = 3,
  GameMismatch = 4,
  ExpiredTicket = 5,
}

/** The later verdict about a ticket, and whatever goes wrong afterwards. */
export enum EAuthSessionResponse {
  OK = 0,
  UserNotConnectedToSteam = 1,
  NoLicenseOrExpired = 2,
  VACBanned = 3,
  LoggedInElseWhere = 4,
  VACCheckTimedOut = 5,
  AuthTicketCanceled = 6,
  AuthTicketInvalidAlreadyUsed = 7,
  AuthTicketInvalid = 8,
  PublisherIssuedBan = 9,
  AuthTicketNetworkIdentityFailure = 10,
}

/** Whether the user of a session has a licence of an app. */
export enum EUserHasLicenseForAppResult {
  HasLicense = 0,
  DoesNotHaveLicense = 1,
  NoAuth = 2,
}

/** Bits of `flags` in the SDK form of `initGameServer`. */
export enum EServerFlag {
  Active = 0x01,
  Secure = 0x02,
  Dedicated = 0x04,
  Linux = 0x08,
  Passworded = 0x10,
  Private = 0x20,
}

/** Why a game server refuses a client. */
export enum EDenyReason {
  Invalid = 0,
  InvalidVersion = 1,
  Generic = 2,
  NotLoggedOn = 3,
  NoLicense = 4,
  Cheater = 5,
  LoggedInElseWhere = 6,
  UnknownText = 7,
  IncompatibleAnticheat = 8,
  MemoryCorruption = 9,
  IncompatibleSoftware = 10,
  SteamConnectionLost = 11,
  SteamConnectionError = 12,
  SteamResponseTimedOut = 13,
  SteamValidationStalled = 14,
  SteamOwnerLeftGuestUser = 15,
}

/** The results used here; number 4 does not exist. */
export enum EResult {
  OK = 1,
  Fail = 2,
  NoConnection = 3,
  InvalidPassword = 5,
  LoggedInElsewhere = 6,
  InvalidProtocolVer = 7,
  InvalidParam = 8,
  Busy = 10,
  InvalidState = 11,
  AccessDenied = 15,
  Timeout = 16,
  Banned = 17,
  AccountNotFound = 18,
  InvalidSteamID = 19,
  ServiceUnavailable = 20,
  NotLoggedOn = 21,
  Pending = 22,
  InsufficientPrivilege = 24,
  LimitExceeded = 25,
  Revoked = 26,
  Expired = 27,
  DuplicateRequest = 29,
  IPNotFound = 31,
  LogonSessionReplaced = 34,
  ConnectFailed = 35,
  HandshakeFailed = 36,
  IOFailure = 37,
  RemoteDisconnect = 38,
  Blocked = 40,
  NoMatch = 42,
  AccountDisabled = 43,
  TryAnotherCM = 48,
  AlreadyLoggedInElsewhere = 50,
  RateLimitExceeded = 84,
  GSLTDenied = 102,
  GSOwnerDenied = 103,
  IPBanned = 105,
  GSLTExpired = 106,
  InvalidSignature = 121,
  ParseFailure = 122,
}

/** The network of accounts that a SteamID is of; games have `Public`. */
export enum EUniverse {
  Invalid = 0,
  Public = 1,
  Beta = 2,
  Internal = 3,
  Dev = 4,
  Max = 5,
}

/** What kind of account a SteamID is of. */
export enum EAccountType {
  Invalid = 0,
  Individual = 1,
  Multiseat = 2,
  GameServer = 3,
  AnonGameServer = 4,
  Pending = 5,
  ContentServer = 6,
  Clan = 7,
  Chat = 8,
  ConsoleUser = 9,
  AnonUser = 10,
  Max = 11,
}

/** Family of an address. */
export enum ESteamIPType {
  IPv4 = 0,
  IPv6 = 1,
}

/** What a game id stands for. */
export enum EGameIdType {
  App = 0,
  GameMod = 1,
  Shortcut = 2,
  P2P = 3,
}

/** Kinds of ticket in the session header (7.1). */
export enum ETicketKind {
  AuthSession = 2,
  WebApi = 5,
}

/** A user's relationship to a group. */
export enum EClanRelationship {
  None = 0,
  Blocked = 1,
  Invited = 2,
  Member = 3,
  Kicked = 4,
  PendingApproval = 6,
}

/** Rank of a member of a group. */
export enum EClanRank {
  None = 0,
  Owner = 1,
  Officer = 2,
  Member = 3,
  Moderator = 4,
}

/** Single numbers (Steam game server API, section 4.11). */
export const k_HAuthTicketInvalid = 0;
/** Query port that says: the game's socket carries the queries (GameSocketShare). */
export const QUERY_PORT_SHARED = 0xffff;
/** In place of a query port: there is none, since something failed. */
export const QUERY_PORT_ERROR = 0xfffe;
/** Bytes to offer for a ticket. */
export const TICKET_BUFFER = 1024;
/** Bytes to offer for a Web API ticket. */
export const WEB_TICKET_BUFFER = 2560;
/** Bytes to offer for a packet that leaves through the socket of the game. */
export const OUTGOING_PACKET_BUFFER = 16384;
/** Lengths of text in bytes, the terminating zero included. */
export const TextLimit = {
  gameDir: 32,
  mapName: 32,
  gameDescription: 64,
  serverName: 64,
  tags: 128,
  gameData: 2048,
} as const;
