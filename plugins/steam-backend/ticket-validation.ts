import type { Clock } from 'beaconry';
import { EAuthSessionResponse, SteamID } from 'beaconry/steam';
import type { BackendOptions } from './backend-options.js';
import type { BackendTables, ConnectTokenRecord } from './backend-tables.js';
import type { Licences } from './licences.js';
import type { BanKind, BanLookup, SessionUpload, Verdict } from './public.js';
import type { ServerAccounts } from './server-accounts.js';

/** Who verifies a ticket. */
export interface Verifier {
  readonly steamId: bigint;
  readonly address: string;
  /** Bans count only on secure servers. */
  readonly secure: boolean;
}

type MaybePromise<T> = T | Promise<T>;
const Response = EAuthSessionResponse;
export const MAX_LICENCES_TOLD = 4096;

/** The first verdict on a ticket (the column "at validation" of section 6.3). */
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

  /** The checks in order of priority: 8, 10, 7, 6, 1, 2, 3, 9; the others cannot happen at validation. */
  async judge(
    verifier: Verifier,
    upload: SessionUpload,
    token: bigint | undefined,
  ): Promise<Verdict & { connection: string }> {
    const { steamId, session, appId } = upload;
    const answer = (response: number, ownerId = steamId, licences: readonly number[] = []) => ({
      steamId,
      session,
      response,
      ownerId,
      licences,
      connection: record?.connection ?? '',
    });
    const key = token?.toString() ?? '';
    let record = token === undefined ? undefined : await this.tables.connectTokens.get(key);
    const online = await this.currentConnection(steamId);
    if (record?.ticket == null || !isSameTicket(record, upload))
      return answer(Response.AuthTicketInvalid);
    if (online !== undefined && online !== record.connection) {
      return answer(Response.AuthTicketInvalid);
    }
    if (!mayVerify(record.ticket.identity, verifier)) {
      return answer(Response.AuthTicketNetworkIdentityFailure);
    }
    const mine = `${verifier.steamId}/${session}`;
    const now = this.clock.now();
    record = await this.tables.connectTokens.update(
      key,
      (current) =>
        current === undefined || current.consumedBy !== null
          ? current
          : { ...current, consumedBy: mine, consumedAt: now },
      this.options.ticketLifetime,
    );
    if (record?.consumedBy !== mine) return answer(Response.AuthTicketInvalidAlreadyUsed);
    if (record.ticket?.state !== 'active') return answer(Response.AuthTicketCanceled);
    if (online === undefined) return answer(Response.UserNotConnectedToSteam);
    if (new SteamID(steamId).isGameServer) {
      const banned = await this.serverAccounts.isBanned(steamId);
      return answer(banned ? Response.PublisherIssuedBan : Response.OK);
    }
    const owned = await this.licences.owned(steamId);
    const owner = this.licences.ownerIn(owned, steamId, appId);
    if (owner === undefined) return answer(Response.NoLicenseOrExpired);
    if (owner !== steamId && (await this.#plays(owner, appId))) {
      return { ...answer(Response.NoLicenseOrExpired, owner), ownerPlays: true };
    }
    if (verifier.secure) {
      const banned = await this.#banResponse(steamId, appId);
      if (banned !== undefined) return answer(banned, owner);
    }
    return answer(Response.OK, owner, [...owned.owners.keys()].slice(0, MAX_LICENCES_TOLD));
  }

  async #banResponse(steamId: bigint, appId: number): Promise<EAuthSessionResponse | undefined> {
    const bans = await this.bans.list(steamId);
    const has = (kind: BanKind) =>
      bans.some((ban) => ban.kind === kind && (ban.appId === 0 || ban.appId === appId));
    if (has('vac')) return Response.VACBanned;
    return has('game') ? Response.PublisherIssuedBan : undefined;
  }

  async #plays(steamId: bigint, appId: number): Promise<boolean> {
    const online = await this.tables.online.get(steamId.toString());
    if (online === undefined) return false;
    return (await this.tables.connections.get(online))?.playing === appId;
  }
}

const isSameTicket = (record: ConnectTokenRecord, upload: SessionUpload): boolean =>
  record.steamId === upload.steamId.toString() &&
  record.ticket?.appId === upload.appId &&
  record.ticket.authPart === Buffer.from(upload.authPart).toString('hex');

/** Whether a ticket bound to that identity may be validated by this verifier. */
const mayVerify = (identity: string | null, verifier: Verifier): boolean =>
  identity === null || identity === verifier.address || identity === `steamid:${verifier.steamId}`;
