import { GlobalLimit, ServerError } from 'beaconry';
import { EAuthSessionResponse, EResult } from 'beaconry/steam';
import type { ConnectionRecord } from './backend-tables.js';
import type { HeldConnection } from './connections.js';
import type { LocalBackend } from './local-backend.js';
import type {
  LinkEvents,
  Resume,
  ServerEvents,
  SessionUpload,
  SteamLink,
  TicketRegistration,
  Verdict,
} from './public.js';
import type { Verifier } from './ticket-validation.js';

const TICKETS_PER_SECOND = 2;
const TICKET_BURST = 60;
const MAX_UPLOAD = 4096;

export interface OpenedConnection {
  readonly steamId: bigint;
  readonly resume: Resume;
  readonly record: ConnectionRecord;
}

/** What players and game servers share: issuing tickets and verifying those of others. */
export abstract class LocalLink implements SteamLink, HeldConnection {
  readonly steamId: bigint;
  /** The SteamID in decimal. */
  protected readonly id: string;
  readonly resume: Resume;
  readonly record: ConnectionRecord;
  readonly connectTokens: readonly bigint[];
  readonly trustedKeys: readonly string[];
  readonly #limit: GlobalLimit;
  /** Each ownership ticket may cost a signature. */
  readonly #signing: GlobalLimit;
  #closed = false;

  protected constructor(
    protected readonly backend: LocalBackend,
    opened: OpenedConnection,
    readonly publicAddress: string,
    readonly events: LinkEvents & Partial<ServerEvents>,
  ) {
    this.steamId = opened.steamId;
    this.id = opened.steamId.toString();
    this.resume = opened.resume;
    this.record = opened.record;
    this.connectTokens = backend.tickets.newPool(opened.resume.connection);
    this.trustedKeys = backend.trustedKeys;
    const rate = { perSecond: TICKETS_PER_SECOND, burst: TICKET_BURST };
    this.#limit = new GlobalLimit(backend.clock, rate);
    this.#signing = new GlobalLimit(backend.clock, rate);
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
    if (!this.#signing.take()) return { result: EResult.LimitExceeded, bytes: new Uint8Array() };
    const bytes = await this.backend.ownership.get(this.steamId, appId, this.publicAddress);
    if (bytes === undefined) return { result: EResult.AccessDenied, bytes: new Uint8Array() };
    return { result: EResult.OK, bytes };
  }

  async registerTicket(
    ticket: TicketRegistration,
  ): Promise<{ result: EResult; connectTokens: readonly bigint[] }> {
    this.open();
    if (!this.mayIssue) return { result: EResult.AccessDenied, connectTokens: [] };
    if (!this.#limit.take()) {
      const connectTokens = this.backend.tickets.notUsed(this.connection, ticket);
      return { result: EResult.LimitExceeded, connectTokens };
    }
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
    if (verdict.response === EAuthSessionResponse.OK) this.#watch(session.steamId);
    return verdict;
  }

  async uploadSessions(sessions: readonly SessionUpload[]): Promise<readonly Verdict[]> {
    this.open();
    const uploads = sessions.slice(0, MAX_UPLOAD);
    const changed = await this.backend.sessions.upload(this.verifier, uploads);
    const bad = new Set(changed.filter(({ response }) => response !== 0).map((one) => one.steamId));
    for (const { steamId } of uploads) if (!bad.has(steamId)) this.#watch(steamId);
    return changed;
  }

  /** The player's anti-cheat is heard on secure servers, where the operator wants that. */
  #watch(player: bigint): void {
    const { antiCheat, options } = this.backend;
    if (options.antiCheatHeartbeat && this.verifier.secure) antiCheat.expect(player);
  }

  async endSession(steamId: bigint, session: string): Promise<void> {
    this.open();
    await this.backend.sessions.end(this.steamId, steamId, session);
    if (!this.backend.options.antiCheatHeartbeat) return;
    if ((await this.backend.sessions.verifiersOf(steamId)).length === 0) {
      this.backend.antiCheat.forget(steamId);
    }
  }

  async logOff(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.backend.departures.loggedOff(this);
  }

  drop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.backend.released(this);
  }

  protected open(): void {
    if (!this.#closed) return;
    throw new ServerError('LINK_LOST', `${this.steamId} is not logged on any more; log on again`);
  }

  protected abstract get verifier(): Verifier;
  protected abstract get mayIssue(): boolean;
}
