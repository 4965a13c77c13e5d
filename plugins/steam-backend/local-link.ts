import { GlobalLimit, ServerError } from 'beaconry';
import { EAccountType, EAuthSessionResponse, EResult, SteamID } from 'beaconry/steam';
import type { ConnectionRecord } from './backend-tables.js';
import type { HeldConnection } from './connections.js';
import type { LocalBackend } from './local-backend.js';
import type {
  Compatibility,
  GroupStatus,
  LinkEvents,
  PlayerLink,
  Reputation,
  Resume,
  ServerEvents,
  ServerLink,
  ServerLogon,
  ServerReport,
  SessionUpload,
  SteamLink,
  TicketRegistration,
  Verdict,
} from './public.js';
import type { Verifier } from './session-registry.js';
import { compareVersions } from './version-order.js';

const TICKETS_PER_SECOND = 2;
const TICKET_BURST = 60;
const MAX_UPLOAD = 4096;
const OUT_OF_DATE_INTERVAL = 300_000;

export interface OpenedConnection {
  readonly steamId: bigint;
  readonly resume: Resume;
  readonly record: ConnectionRecord;
}

/** What players and game servers share: issuing tickets and verifying those of others. */
abstract class LocalLink implements SteamLink, HeldConnection {
  readonly steamId: bigint;
  readonly resume: Resume;
  readonly record: ConnectionRecord;
  readonly connectTokens: readonly bigint[];
  readonly trustedKeys: readonly string[];
  readonly #limit: GlobalLimit;
  #closed = false;

  protected constructor(
    protected readonly backend: LocalBackend,
    opened: OpenedConnection,
    readonly publicAddress: string,
    readonly events: LinkEvents & Partial<ServerEvents>,
  ) {
    this.steamId = opened.steamId;
    this.resume = opened.resume;
    this.record = opened.record;
    this.connectTokens = backend.tickets.newPool(opened.resume.connection);
    this.trustedKeys = backend.trustedKeys;
    const rate = { perSecond: TICKETS_PER_SECOND, burst: TICKET_BURST };
    this.#limit = new GlobalLimit(backend.clock, rate);
    backend.connections.attach(this);
  }

  get connection(): string {
    return this.resume.connection;
  }

  detach(): void {
    this.#closed = true;
  }

  async ownership(appId: number): Promise<{ result: EResult; bytes: Uint8Array }> {
    this.open();
    const bytes = await this.backend.ownership.get(this.steamId, appId, this.publicAddress);
    if (bytes === undefined) return { result: EResult.AccessDenied, bytes: new Uint8Array() };
    return { result: EResult.OK, bytes };
  }

  async registerTicket(
    ticket: TicketRegistration,
  ): Promise<{ result: EResult; connectTokens: readonly bigint[] }> {
    this.open();
    if (!this.mayIssue) return { result: EResult.AccessDenied, connectTokens: [] };
    if (!this.#limit.take()) return { result: EResult.LimitExceeded, connectTokens: [] };
    const answer = await this.backend.tickets.register(this.connection, this.steamId, ticket);
    const { readyDelay } = this.backend.options;
    if (readyDelay > 0) {
      await new Promise<void>((resolve) => this.backend.clock.after(readyDelay, resolve));
    }
    return answer;
  }

  async cancelTicket(connectToken: bigint): Promise<void> {
    this.open();
    if (!(await this.backend.tickets.cancel(this.steamId, connectToken))) return;
    await this.backend.sessions.fail(
      this.steamId,
      EAuthSessionResponse.AuthTicketCanceled,
      (session) => session.token === connectToken.toString(),
    );
  }

  async beginSession(session: SessionUpload): Promise<Verdict> {
    this.open();
    const verdict = await this.backend.sessions.begin(this.verifier, session);
    if (verdict.response === EAuthSessionResponse.OK && this.verifier.secure) {
      this.backend.antiCheat.expect(session.steamId);
    }
    return verdict;
  }

  async uploadSessions(sessions: readonly SessionUpload[]): Promise<readonly Verdict[]> {
    this.open();
    return this.backend.sessions.upload(this.verifier, sessions.slice(0, MAX_UPLOAD));
  }

  async endSession(steamId: bigint, session: string): Promise<void> {
    this.open();
    await this.backend.sessions.end(this.steamId, steamId, session);
    if ((await this.backend.sessions.verifiersOf(steamId)).length === 0) {
      this.backend.antiCheat.forget(steamId);
    }
  }

  async logOff(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.backend.loggedOff(this.self);
  }

  drop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.backend.released(this.self);
  }

  protected open(): void {
    if (!this.#closed) return;
    throw new ServerError('LINK_LOST', `${this.steamId} is not logged on any more; log on again`);
  }

  protected abstract get self(): LocalPlayerLink | LocalServerLink;
  protected abstract get verifier(): Verifier;
  protected abstract get mayIssue(): boolean;
}

export class LocalPlayerLink extends LocalLink implements PlayerLink {
  constructor(
    backend: LocalBackend,
    opened: OpenedConnection,
    address: string,
    events: LinkEvents,
    readonly verified: boolean,
  ) {
    super(backend, opened, address, events);
  }

  async setPlaying(appId: number): Promise<void> {
    this.open();
    await this.backend.playing(this, appId);
  }

  async antiCheatAlive(): Promise<void> {
    this.open();
    this.backend.antiCheat.alive(this.steamId);
  }

  protected get self(): LocalPlayerLink {
    return this;
  }
  protected get verifier(): Verifier {
    return { steamId: this.steamId, address: this.publicAddress, secure: false };
  }
  protected get mayIssue(): boolean {
    return true;
  }
}

export class LocalServerLink extends LocalLink implements ServerLink {
  readonly anonymous: boolean;
  #secure: boolean;
  #clan: bigint | undefined;
  #toldOutOfDate = Number.NEGATIVE_INFINITY;

  constructor(
    backend: LocalBackend,
    opened: OpenedConnection,
    private readonly logon: ServerLogon,
    events: ServerEvents,
    secure: boolean,
  ) {
    super(backend, opened, logon.address, {
      ...{ verdict: (verdict) => events.verdict(verdict) },
      licences: (steamId, licences) => events.licences(steamId, licences),
      outOfDate: (rejected, text) => events.outOfDate(rejected, text),
      lost: (result, retrying) => events.lost(result, retrying),
      policy: (next) => {
        this.#secure = next;
        events.policy(next);
      },
    });
    this.#secure = secure;
    this.anonymous = opened.record.anonymous;
    this.#clan = opened.record.clan === null ? undefined : BigInt(opened.record.clan);
  }

  get secure(): boolean {
    return this.#secure;
  }

  get appId(): number {
    return this.logon.appId;
  }
  get mode(): number {
    return this.logon.mode;
  }

  async report(report: ServerReport): Promise<void> {
    this.open();
    const required = await this.backend.tables.versions.get(`${this.appId}/${report.product}`);
    if (required === undefined || compareVersions(report.version, required.version) >= 0) return;
    await this.backend.reputations.addRefused(this.steamId);
    const now = this.backend.clock.monotonic();
    if (now - this.#toldOutOfDate < OUT_OF_DATE_INTERVAL) return;
    this.#toldOutOfDate = now;
    this.events.outOfDate?.(required.reject, required.text);
  }

  async groupStatus(steamId: bigint, group: bigint): Promise<GroupStatus> {
    this.open();
    const clan = this.#expand(group);
    if (clan === undefined || !this.#mayAsk) return { member: false, officer: false };
    return this.backend.groups.status(steamId, clan);
  }

  async associateClan(group: bigint): Promise<EResult> {
    this.open();
    if (!this.#mayAsk) return EResult.AccessDenied;
    if (group === 0n) return this.#setClan(undefined);
    const clan = this.#expand(group);
    if (clan === undefined) return EResult.InvalidSteamID;
    if ((await this.backend.groups.get(clan)) === undefined) return EResult.NoMatch;
    if (this.backend.options.clanMustAllow) {
      const owner = (await this.backend.serverAccounts.get(this.steamId))?.owner ?? 0n;
      if (!(await this.backend.groups.isOfficer(owner, clan))) return EResult.AccessDenied;
    }
    return this.#setClan(clan);
  }

  /** Who would not like to play with whom (2.4). */
  async compatibility(steamId: bigint): Promise<Compatibility> {
    this.open();
    const id = new SteamID(steamId);
    if (!id.isValid || id.type !== EAccountType.Individual) return unknown(EResult.InvalidSteamID);
    if (!this.#mayAsk) return unknown(EResult.AccessDenied);
    const { groups, sessions } = this.backend;
    const clan = this.#clan;
    let [dontLike, disliked, clanDontLike] = [0, 0, 0];
    for (const player of await sessions.usersOf(this.steamId)) {
      if (player === steamId || !new SteamID(player).isIndividual) continue;
      const blocked = await groups.hasBlocked(player, steamId);
      if (blocked) dontLike++;
      if (await groups.hasBlocked(steamId, player)) disliked++;
      if (blocked && clan !== undefined && (await groups.status(player, clan)).member)
        clanDontLike++;
    }
    return {
      result: EResult.OK,
      playersDontLikeCandidate: dontLike,
      playersCandidateDoesntLike: disliked,
      clanPlayersDontLikeCandidate: clanDontLike,
      isClanMember: clan !== undefined && (await groups.status(steamId, clan)).member,
    };
  }

  async reputation(): Promise<Reputation> {
    this.open();
    const score = await this.backend.reputations.score(this.steamId);
    const account = await this.backend.serverAccounts.get(this.steamId);
    if (account?.banned !== true) return { result: EResult.OK, score, banned: false };
    const ban = {
      address: this.publicAddress,
      port: this.logon.gamePort,
      until: account.bannedUntil,
    };
    return { result: EResult.OK, score, banned: true, ban };
  }

  /** Anonymous servers verify tickets and nothing else, unless the operator trusts them. */
  get #mayAsk(): boolean {
    return !this.anonymous || this.backend.options.anonymousServers === 'full';
  }

  #expand(group: bigint): bigint | undefined {
    return SteamID.parseGroup(group, this.backend.serverAccounts.universe)?.value;
  }

  async #setClan(clan: bigint | undefined): Promise<EResult> {
    this.#clan = clan;
    await this.backend.tables.connections.update(this.connection, (record) =>
      record === undefined ? undefined : { ...record, clan: clan?.toString() ?? null },
    );
    return EResult.OK;
  }

  protected get self(): LocalServerLink {
    return this;
  }
  protected get verifier(): Verifier {
    return { steamId: this.steamId, address: this.publicAddress, secure: this.#secure };
  }
  protected get mayIssue(): boolean {
    return this.#mayAsk;
  }
}

const unknown = (result: EResult): Compatibility => ({
  result,
  playersDontLikeCandidate: 0,
  playersCandidateDoesntLike: 0,
  clanPlayersDontLikeCandidate: 0,
  isClanMember: false,
});
