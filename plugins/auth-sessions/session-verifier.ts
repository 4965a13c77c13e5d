import { type Clock, type Logger, ServerError } from 'beaconry';
import type { SteamLink, Verdict } from 'beaconry/plugins/steam-backend';
import {
  type AppTicket,
  EAuthSessionResponse,
  EBeginAuthSessionResult,
  EServerMode,
  type EUserHasLicenseForAppResult,
} from 'beaconry/steam';
import { BackendIssuers } from './backend-issuers.js';
import { BackendQuestions } from './backend-questions.js';
import { checkTicket, readTicket } from './begin-checks.js';
import { licenceAnswer } from './licence-answer.js';
import {
  type AuthSession,
  type OpenSession,
  openSession,
  toAuthSession,
  toVerdictSignal,
  type VerdictSignal,
} from './open-session.js';
import { PendingWatch } from './pending-watch.js';
import { type SessionEvent, sessionTransitions } from './session-states.js';
import { VerdictWaiters } from './verdict-waiters.js';
import type { VerifierOptions } from './verifier-options.js';

const Begin = EBeginAuthSessionResult;
const Response = EAuthSessionResponse;

/** Verifier side of the auth sessions: checks at once, verdicts later (Steam game server API, section 6). */
export class SessionVerifier {
  readonly #sessions = new Map<bigint, OpenSession>();
  readonly #waiters: VerdictWaiters;
  readonly #watch: PendingWatch;
  readonly #backend: BackendQuestions;
  readonly #verdictListeners = new Set<(signal: VerdictSignal) => void>();
  readonly #changeListeners = new Set<() => void>();
  readonly #replacedListeners = new Set<(steamId: bigint) => void>();
  readonly #issuers = new BackendIssuers();
  /** Sessions are named after their verifier, so that no two of the world share a name. */
  readonly #name = crypto.randomUUID();
  #opened = 0;

  constructor(
    private readonly options: VerifierOptions,
    private readonly clock: Clock,
    private readonly log: Pick<Logger, 'warn'>,
  ) {
    this.#waiters = new VerdictWaiters(clock);
    const sessions = () => this.#sessions.values();
    this.#watch = new PendingWatch(sessions, options.pendingWarning, clock, log);
    this.#backend = new BackendQuestions(
      options.appId,
      clock,
      (verdict) => this.verdict(verdict),
      (session) => session.state === 'pending' && this.#sessions.get(session.steamId) === session,
    );
  }

  /** Logged on: uploads every open session and hears only verdicts that changed. */
  attach(link: SteamLink): void {
    this.#issuers.use(link.trustedKeys);
    this.#backend.attach(link);
    this.#backend.upload(() =>
      [...this.#sessions.values()].filter(({ state }) => state !== 'failed'),
    );
  }

  /** The backend is out of reach; sessions stay as they are. */
  detach(): void {
    this.#backend.detach();
  }

  /** Logged off or shut down: every session ends without a signal. */
  close(): void {
    for (const steamId of [...this.#sessions.keys()]) this.#end(steamId);
    this.#watch.stop();
    this.#backend.detach();
  }

  begin(ticket: Uint8Array, steamId: bigint): EBeginAuthSessionResult {
    return this.#begin(ticket, steamId, false);
  }

  /** The old way: the SteamID comes from the blob. With the backend out of reach the ticket alone decides. */
  beginLegacy(blob: Uint8Array): { result: EBeginAuthSessionResult; steamId: bigint } {
    const steamId = readTicket(blob)?.gameConnect?.steamId ?? 0n;
    return { result: this.#begin(blob, steamId, true), steamId };
  }

  /** Unknown ids change nothing. */
  end(steamId: bigint): void {
    const session = this.#sessions.get(steamId);
    if (session === undefined) return;
    this.#end(steamId);
    this.#backend.end(session);
  }

  get(steamId: bigint): AuthSession | undefined {
    const session = this.#sessions.get(steamId);
    return session === undefined ? undefined : toAuthSession(session);
  }

  /** Pending, valid and failed ones, until they are ended. */
  all(): readonly AuthSession[] {
    return [...this.#sessions.values()].map(toAuthSession);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Decision table of the Steam game server API, section 2.4. */
  hasLicense(steamId: bigint, appId: number): EUserHasLicenseForAppResult {
    return licenceAnswer(this.#sessions.get(steamId), appId, this.options);
  }

  /** Resolves with the verdict that is there or comes; rejects with code TIMEOUT, NO_SESSION or SESSION_ENDED. */
  waitForVerdict(steamId: bigint, timeout: number): Promise<VerdictSignal> {
    const session = this.#sessions.get(steamId);
    if (session === undefined) {
      const say = `${steamId} has no session; beginAuthSession must have answered 0`;
      return Promise.reject(new ServerError('NO_SESSION', say));
    }
    if (session.response !== null) return Promise.resolve(toVerdictSignal(session, false, false));
    return this.#waiters.wait(steamId, timeout);
  }

  onVerdict(listener: (signal: VerdictSignal) => void): () => void {
    this.#verdictListeners.add(listener);
    return () => this.#verdictListeners.delete(listener);
  }

  /** The set of sessions or a state changed. */
  onChange(listener: () => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** A newer ticket took over a session: the old peer should be dropped. */
  onReplaced(listener: (steamId: bigint) => void): () => void {
    this.#replacedListeners.add(listener);
    return () => this.#replacedListeners.delete(listener);
  }

  /** What the backend says of a session; sessions that are not ours any more are passed over. */
  verdict(verdict: Verdict): void {
    const session = this.#sessions.get(verdict.steamId);
    if (session === undefined || session.session !== verdict.session) return;
    session.ownerId = verdict.ownerId;
    session.licences = verdict.licences;
    this.#judge(session, verdict.response, verdict.ownerPlays === true);
  }

  licences(steamId: bigint, licences: readonly number[]): void {
    const session = this.#sessions.get(steamId);
    if (session !== undefined) session.licences = licences;
  }

  #begin(bytes: Uint8Array, steamId: bigint, legacy: boolean): EBeginAuthSessionResult {
    const authenticate = this.options.mode !== EServerMode.NoAuthentication;
    const ticket = readTicket(bytes);
    const question = (hasOpenSession: boolean) => ({
      bytes,
      ticket,
      steamId,
      legacy,
      hasOpenSession,
      appId: this.options.appId,
      issuers: this.#issuers.current,
      now: Math.floor(this.clock.now() / 1000),
    });
    const open = this.#sessions.get(steamId);
    let result = checkTicket(question(open !== undefined), authenticate);
    if (result === Begin.DuplicateRequest && this.#takesOver(open, ticket)) {
      this.end(steamId);
      for (const listener of this.#replacedListeners) listener(steamId);
      result = Begin.OK;
    }
    if (result !== Begin.OK || ticket === undefined) return result;
    if (this.#sessions.size >= this.options.maxSessions) {
      this.log.warn({ sessions: this.#sessions.size }, 'no room for another auth session');
      return Begin.InvalidTicket;
    }
    this.#open(bytes, ticket, legacy, authenticate);
    return Begin.OK;
  }

  #open(bytes: Uint8Array, ticket: AppTicket, legacy: boolean, authenticate: boolean): void {
    const name = `${this.#name}.${++this.#opened}`;
    const session = openSession(name, bytes, ticket, this.clock.now(), legacy);
    this.#sessions.set(session.steamId, session);
    this.#watch.start();
    this.#changed();
    // Without authentication nobody is asked; with the old call the signed ownership decides alone
    // while the backend is out of reach, and the backend may object later.
    const approve = !authenticate || (legacy && !this.#backend.reachable);
    if (approve) this.#judge(session, Response.OK, false);
    else this.#backend.ask(session);
  }

  #judge(session: OpenSession, response: EAuthSessionResponse, ownerPlays: boolean): void {
    const wasValid = session.state === 'valid';
    const event: SessionEvent = response === Response.OK ? 'approved' : 'refused';
    this.#apply(session, event, response, () => toVerdictSignal(session, wasValid, ownerPlays));
  }

  #apply(
    session: OpenSession,
    event: SessionEvent,
    response: EAuthSessionResponse | null,
    signal?: () => VerdictSignal,
  ): void {
    const transition = sessionTransitions[session.state][event];
    if (transition === undefined) return;
    session.state = transition.next;
    session.response = response;
    if (transition.signal && signal !== undefined) {
      const said = signal();
      this.#waiters.told(said);
      for (const listener of this.#verdictListeners) listener(said);
    }
    this.#changed();
  }

  #end(steamId: bigint): void {
    const session = this.#sessions.get(steamId);
    if (session === undefined) return;
    this.#sessions.delete(steamId);
    this.#waiters.ended(steamId);
    this.#apply(session, 'ended', session.response);
  }

  #takesOver(open: OpenSession | undefined, ticket: AppTicket | undefined): boolean {
    const time = ticket?.gameConnect?.time ?? 0;
    return this.options.takeover && open !== undefined && time > open.tokenTime;
  }

  #changed(): void {
    for (const listener of this.#changeListeners) listener();
  }
}
