import {
  type AppTicket,
  decodeTicket,
  EBeginAuthSessionResult,
  ETicketKind,
  MAX_TICKET_LENGTH,
  SteamID,
  type TrustedIssuers,
} from 'beaconry/steam';

/** What a ticket is checked against. */
export interface BeginQuestion {
  readonly bytes: Uint8Array;
  /** Undefined when the bytes are no ticket at all. */
  readonly ticket: AppTicket | undefined;
  readonly steamId: bigint;
  readonly appId: number;
  readonly issuers: TrustedIssuers;
  /** Seconds since 1970. */
  readonly now: number;
  /** A blob of the old connect call is wanted, not a session ticket. */
  readonly legacy: boolean;
  readonly hasOpenSession: boolean;
}

interface BeginCheck {
  readonly name: string;
  readonly result: EBeginAuthSessionResult;
  /** Mode 1 authenticates nobody: only the checks marked so are made. */
  readonly withoutAuthentication: boolean;
  fails(question: BeginQuestion): boolean;
}

const Result = EBeginAuthSessionResult;
const MIN_LENGTH = 24;

/** The checks of the Steam game server API, section 6.2, in their order: the first that fails answers. */
export const beginChecks: readonly BeginCheck[] = [
  {
    name: 'is a session ticket',
    result: Result.InvalidTicket,
    withoutAuthentication: true,
    fails: ({ bytes, ticket, legacy }) => {
      if (bytes.length < MIN_LENGTH || bytes.length > MAX_TICKET_LENGTH) return true;
      if (ticket?.gameConnect === undefined) return true;
      if (legacy) return ticket.session !== undefined;
      return ticket.session?.kind !== ETicketKind.AuthSession;
    },
  },
  {
    name: 'names one and the same valid SteamID',
    result: Result.InvalidTicket,
    withoutAuthentication: true,
    fails: ({ ticket, steamId }) =>
      !new SteamID(steamId).isValid ||
      ticket?.gameConnect?.steamId !== steamId ||
      ticket.ownership.steamId !== steamId,
  },
  {
    name: 'is signed by a trusted issuer',
    result: Result.InvalidTicket,
    withoutAuthentication: false,
    fails: ({ ticket, issuers }) =>
      ticket?.signature === undefined || !issuers.verify(ticket.signedBytes, ticket.signature),
  },
  {
    name: 'has version 4',
    result: Result.InvalidVersion,
    withoutAuthentication: false,
    fails: ({ ticket }) => ticket?.ownership.version !== 4,
  },
  {
    name: 'is for this app',
    result: Result.GameMismatch,
    withoutAuthentication: false,
    fails: ({ ticket, appId }) => ticket?.ownership.appId !== appId,
  },
  {
    name: 'has not expired',
    result: Result.ExpiredTicket,
    withoutAuthentication: false,
    fails: ({ ticket, now }) => ticket === undefined || ticket.ownership.expires <= now,
  },
  {
    name: 'is the only session of the user',
    result: Result.DuplicateRequest,
    withoutAuthentication: true,
    fails: ({ hasOpenSession }) => hasOpenSession,
  },
];

/** The answer to a ticket; `authenticate` is false in mode 1. */
export function checkTicket(question: BeginQuestion, authenticate: boolean): Result {
  const failed = beginChecks.find(
    (check) => (authenticate || check.withoutAuthentication) && check.fails(question),
  );
  return failed?.result ?? Result.OK;
}
type Result = EBeginAuthSessionResult;

/** Undefined for what is no ticket; never throws. */
export function readTicket(bytes: Uint8Array): AppTicket | undefined {
  try {
    return decodeTicket(bytes);
  } catch {
    return undefined;
  }
}
