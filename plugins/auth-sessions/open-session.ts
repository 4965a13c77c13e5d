import { type AppTicket, AUTH_PART_LENGTH, EAuthSessionResponse } from 'beaconry/steam';
import type { SessionState } from './session-states.js';

/** A session as others see it. */
export interface AuthSession {
  readonly steamId: bigint;
  readonly state: SessionState;
  /** Last verdict; null while none came. */
  readonly response: EAuthSessionResponse | null;
  readonly ownerId: bigint;
  /** Milliseconds since the epoch. */
  readonly begun: number;
  /** Made by the old connect call. */
  readonly legacy: boolean;
}

/** What a verifier says of a session: the first verdict, and every later one. */
export interface VerdictSignal {
  readonly steamId: bigint;
  readonly response: EAuthSessionResponse;
  readonly ownerId: bigint;
  readonly legacy: boolean;
  /** The session was good before. */
  readonly wasValid: boolean;
  readonly ownerPlays: boolean;
}

/** A session as its verifier keeps it. */
export interface OpenSession {
  readonly steamId: bigint;
  readonly session: string;
  /** Hex: a text costs less to keep than bytes of their own. */
  readonly authPart: string;
  readonly token: bigint;
  readonly tokenTime: number;
  /** What the ticket itself lists: its app and DLC. */
  readonly ticketApps: readonly number[];
  readonly begun: number;
  readonly legacy: boolean;
  state: SessionState;
  response: EAuthSessionResponse | null;
  ownerId: bigint;
  /** As the backend says; null while only the ticket is known. */
  licences: readonly number[] | null;
  warned: boolean;
}

const CONNECT_PART_LENGTH = 24;

export const openSession = (
  session: string,
  bytes: Uint8Array,
  ticket: AppTicket,
  begun: number,
  legacy: boolean,
): OpenSession => {
  const { ownership, gameConnect } = ticket;
  const length = legacy ? CONNECT_PART_LENGTH : AUTH_PART_LENGTH;
  return {
    steamId: ownership.steamId,
    session,
    authPart: Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('hex'),
    token: gameConnect?.token ?? 0n,
    tokenTime: gameConnect?.time ?? 0,
    ticketApps: [ownership.appId, ...ownership.dlc.map((dlc) => dlc.appId)],
    begun,
    legacy,
    state: 'pending',
    response: null,
    ownerId: ownership.steamId,
    licences: null,
    warned: false,
  };
};

export const toAuthSession = (session: OpenSession): AuthSession => ({
  steamId: session.steamId,
  state: session.state,
  response: session.response,
  ownerId: session.ownerId,
  begun: session.begun,
  legacy: session.legacy,
});

export const toVerdictSignal = (
  session: OpenSession,
  wasValid: boolean,
  ownerPlays: boolean,
): VerdictSignal => ({
  steamId: session.steamId,
  response: session.response ?? EAuthSessionResponse.OK,
  ownerId: session.ownerId,
  legacy: session.legacy,
  wasValid,
  ownerPlays,
});
