import type { Clock } from 'beaconry';
import { EAuthSessionResponse, SteamID } from 'beaconry/steam';
import type { BackendOptions } from './backend-options.js';
import type { BackendTables, ConnectTokenRecord } from './backend-tables.js';
import { type Licences, toldOf } from './licences.js';
import type { BanKind, BanLookup, SessionUpload, SteamBan, Verdict } from './public.js';
import type { ServerAccounts } from './server-accounts.js';

/** Who verifies a ticket. */
export interface Verifier {
  readonly steamId: bigint;
  /** Its SteamID in decimal, as in keys of tables. */
  readonly id: string;
  readonly address: string;
  /** Bans count only on secure servers. */
  readonly secure: boolean;
  /** The app whose tickets it may verify; undefined: any. */
  readonly appId: number | undefined;
}

/** What became of the wish to use a ticket. */
export interface Claim {
  /** It was used up this moment; otherwise it was before, or cannot be. */
  readonly isNew: boolean;
  readonly response: EAuthSessionResponse;
  /** Of the issuer, when the ticket is good for this session. */
  readonly connection: string | undefined;
}

type MaybePromise<T> = T | Promise<T>;
const Response = EAuthSessionResponse;

/** The first verdict on a ticket ("at validation" in the Steam game server API, section 6.3). */
export class TicketValidation {
  constructor(
    private readonly tables: BackendTables,
    private readonly licences: Licences,
    private readonly bans: BanLookup,
    private readonly serverAccounts: ServerAccounts,
    private readonly options: Pick<BackendOptions, 'ticketLifetime'>,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly currentConnection: (steamId: bigint) => MaybePromise<string | undefined>,
  ) {}

  /**
   * Uses the ticket up for this session, in one step of the store, so that of many verifiers exactly one has
   * it. Checks in order of priority: 8, 10, 7, 6, 1. The claim is durable when it resolves.
   */
  async claim(
    verifier: Verifier,
    upload: SessionUpload,
    user: string,
    claimant: string,
  ): Promise<Claim> {
    const current = this.currentConnection(upload.steamId);
    const online = typeof current === 'object' ? await current : current;
    const now = this.clock.now();
    let claim = unknownTicket;
    await this.tables.connectTokens.update(
      upload.token.toString(),
      (record) => {
        if (record?.steamId !== user) return record;
        claim = judgeClaim(record, upload, verifier, online, claimant);
        return claim.isNew ? { ...record, consumedBy: claimant, consumedAt: now } : record;
      },
      this.options.ticketLifetime,
    );
    return claim;
  }

  /** Checks of the user whose ticket was claimed: 2, 3, 9; the others cannot happen at validation. */
  async judge(verifier: Verifier, upload: SessionUpload): Promise<Verdict> {
    const { steamId, appId } = upload;
    if (new SteamID(steamId).isGameServer) {
      const banned = await this.serverAccounts.isBanned(steamId);
      return refusal(upload, banned ? Response.PublisherIssuedBan : Response.OK);
    }
    const [owned, bans] = await Promise.all([
      this.licences.owned(steamId),
      verifier.secure ? this.bans.list(steamId) : none,
    ]);
    const ownerId = this.licences.ownerIn(owned, steamId, appId);
    if (ownerId === undefined) return refusal(upload, Response.NoLicenseOrExpired);
    if (ownerId !== steamId && (await this.#plays(ownerId, appId))) {
      const response = Response.NoLicenseOrExpired;
      return { ...refusal(upload, response), ownerId, ownerPlays: true };
    }
    const banned = banResponse(bans, appId);
    if (banned !== undefined) return { ...refusal(upload, banned), ownerId };
    const { session } = upload;
    return { steamId, session, response: Response.OK, ownerId, licences: toldOf(owned) };
  }

  async #plays(steamId: bigint, appId: number): Promise<boolean> {
    const online = await this.tables.online.get(steamId.toString());
    if (online === undefined) return false;
    return (await this.tables.connections.get(online))?.playing === appId;
  }
}

const none: readonly SteamBan[] = [];

function banResponse(bans: readonly SteamBan[], appId: number): EAuthSessionResponse | undefined {
  const has = (kind: BanKind) =>
    bans.some((ban) => ban.kind === kind && (ban.appId === 0 || ban.appId === appId));
  if (has('vac')) return Response.VACBanned;
  return has('game') ? Response.PublisherIssuedBan : undefined;
}

/** A verdict that tells nothing of licences. */
export const refusal = (upload: SessionUpload, response: EAuthSessionResponse): Verdict => ({
  steamId: upload.steamId,
  session: upload.session,
  response,
  ownerId: upload.steamId,
  licences: [],
});

const unknownTicket: Claim = {
  isNew: false,
  response: Response.AuthTicketInvalid,
  connection: undefined,
};

function judgeClaim(
  record: ConnectTokenRecord,
  upload: SessionUpload,
  verifier: Verifier,
  online: string | undefined,
  claimant: string,
): Claim {
  if (record.ticket === null || !isSameTicket(record, upload)) return unknownTicket;
  if (verifier.appId !== undefined && verifier.appId !== upload.appId) return unknownTicket;
  const { connection, consumedBy, ticket } = record;
  if (online !== undefined && online !== connection) return unknownTicket;
  const refused = (response: EAuthSessionResponse, isNew: boolean): Claim => ({
    ...{ isNew, response, connection: undefined },
  });
  if (!mayVerify(ticket.identity, verifier)) {
    return refused(Response.AuthTicketNetworkIdentityFailure, false);
  }
  if (consumedBy !== null && consumedBy !== claimant) {
    return refused(Response.AuthTicketInvalidAlreadyUsed, false);
  }
  const isNew = consumedBy === null;
  if (ticket.state !== 'active') return refused(Response.AuthTicketCanceled, isNew);
  if (online === undefined) return refused(Response.UserNotConnectedToSteam, isNew);
  return { isNew, response: Response.OK, connection };
}

const isSameTicket = (record: ConnectTokenRecord, upload: SessionUpload): boolean =>
  record.ticket?.appId === upload.appId && record.ticket.authPart === upload.authPart;

/** Whether a ticket bound to that identity may be validated by this verifier. */
const mayVerify = (identity: string | null, verifier: Verifier): boolean =>
  identity === null || identity === verifier.address || identity === `steamid:${verifier.id}`;
