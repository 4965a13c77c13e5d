import {
  AUTH_PART_LENGTH,
  decodeTicket,
  EResult,
  ETicketKind,
  SteamID,
  TrustedIssuers,
} from 'beaconry/steam';
import { authPartText } from './auth-part.js';
import type { LocalBackend } from './local-backend.js';
import type { BanKind, TicketOwner } from './public.js';

/** Tickets for web services (kind 5): whoever presents one learns whose it is, once. */
export class WebTicketCheck {
  readonly #issuers: TrustedIssuers;
  constructor(private readonly backend: LocalBackend) {
    this.#issuers = new TrustedIssuers(backend.trustedKeys);
  }

  async authenticate(
    ticket: Uint8Array,
    appId: number,
    identity: string | null,
  ): Promise<TicketOwner> {
    const refused = (result: EResult): TicketOwner => ({
      ...{ result, steamId: 0n, ownerId: 0n, vacBanned: false, publisherBanned: false },
    });
    const parsed = this.#parseWebTicket(ticket, appId);
    if (typeof parsed === 'number') return refused(parsed);
    const { steamId, token } = parsed;
    const { licences } = this.backend;
    const { connectTokens, online } = this.backend.tables;
    const authPart = authPartText(ticket.subarray(0, AUTH_PART_LENGTH));
    const known = await connectTokens.get(token.toString());
    if (known?.ticket?.authPart !== authPart || known.ticket.appId !== appId) {
      return refused(EResult.InvalidParam);
    }
    if (known.ticket.identity !== null && known.ticket.identity !== identity) {
      return refused(EResult.AccessDenied);
    }
    if ((await online.get(steamId.toString())) !== known.connection) {
      return refused(EResult.NotLoggedOn);
    }
    const taken = await this.#consume(token);
    if (taken !== EResult.OK) return refused(taken);
    const ownerId = licences.ownerIn(await licences.owned(steamId), steamId, appId);
    if (ownerId === undefined) return refused(EResult.AccessDenied);
    const bans = await this.backend.bans.list(steamId);
    const has = (kind: BanKind) =>
      bans.some((ban) => ban.kind === kind && (ban.appId === 0 || ban.appId === appId));
    const [vacBanned, publisherBanned] = [has('vac'), has('game')];
    return { result: EResult.OK, steamId, ownerId, vacBanned, publisherBanned };
  }

  async #consume(token: bigint): Promise<EResult> {
    let result = EResult.Fail;
    const by = `web/${crypto.randomUUID()}`;
    const now = this.backend.clock.now();
    const record = await this.backend.tables.connectTokens.update(
      token.toString(),
      (current) =>
        current?.consumedBy === null && current.ticket?.state === 'active'
          ? { ...current, consumedBy: by, consumedAt: now }
          : current,
      this.backend.options.ticketLifetime,
    );
    if (record?.consumedBy === by) result = EResult.OK;
    else if (record?.ticket?.state === 'cancelled') result = EResult.Revoked;
    else if (record !== undefined) result = EResult.DuplicateRequest;
    return result;
  }

  #parseWebTicket(bytes: Uint8Array, appId: number): { steamId: bigint; token: bigint } | EResult {
    try {
      const { gameConnect, session, ownership, signedBytes, signature } = decodeTicket(bytes);
      if (gameConnect === undefined || session?.kind !== ETicketKind.WebApi) {
        return EResult.InvalidParam;
      }
      if (signature === undefined || !this.#issuers.verify(signedBytes, signature)) {
        return EResult.InvalidSignature;
      }
      const { steamId, token } = gameConnect;
      if (steamId !== ownership.steamId || !new SteamID(steamId).isValid)
        return EResult.InvalidParam;
      if (ownership.appId !== appId) return EResult.NoMatch;
      const expired = ownership.expires * 1000 <= this.backend.clock.now();
      return expired ? EResult.Expired : { steamId, token };
    } catch {
      return EResult.ParseFailure;
    }
  }
}
