import { EResult, SteamID } from 'beaconry/steam';
import { computeCompatibility, noCompatibility } from './compatibility.js';
import type { LocalBackend } from './local-backend.js';
import { LocalLink, type OpenedConnection } from './local-link.js';
import type {
  Compatibility,
  GroupStatus,
  Reputation,
  ServerEvents,
  ServerLink,
  ServerLogon,
  ServerReport,
} from './public.js';
import type { Verifier } from './ticket-validation.js';
import { compareVersions } from './version-order.js';

const OUT_OF_DATE_INTERVAL = 300_000;

/** The logon of a game server of this backend. */
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

  async compatibility(steamId: bigint): Promise<Compatibility> {
    this.open();
    if (!this.#mayAsk) return { ...noCompatibility, result: EResult.AccessDenied };
    const players = await this.backend.sessions.usersOf(this.steamId);
    return computeCompatibility(this.backend.groups, players, steamId, this.#clan);
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

  protected get verifier(): Verifier {
    const { steamId, id, publicAddress: address, appId } = this;
    return { steamId, id, address, secure: this.#secure, appId };
  }
  protected get mayIssue(): boolean {
    return this.#mayAsk;
  }
}
