import { type Clock, type Logger, ServerError } from 'beaconry';
import type { SessionUpload, SteamLink, Verdict } from 'beaconry/plugins/steam-backend';
import {
  type AppTicket,
  AUTH_PART_LENGTH,
  EAuthSessionResponse,
  EBeginAuthSessionResult,
  EServerMode,
  EUserHasLicenseForAppResult,
  TrustedIssuers,
} from 'beaconry/steam';
import { checkTicket, readTicket } from './begin-checks.js';
import { type SessionEvent, type SessionState, sessionTransitions } from './session-states.js';

export interface VerifierOptions {
  readonly appId: number;
  /** EServerMode; 1 authenticates nobody. */
  readonly mode: number;
  /** Licence questions about pending sessions are answered 2 instead of from the ticket. */
  readonly strictLicense: boolean;
  /** A newer ticket of a user replaces his open session. */
  readonly takeover: boolean;
  readonly maxSessions: number;
  /** Milliseconds after which a pending session is warned about. */
  readonly pendingWarning: number;
}

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

export interface VerdictSignal {
  readonly steamId: bigint;
  readonly response: EAuthSessionResponse;
  readonly ownerId: bigint;
  readonly legacy: boolean;
  /** The session was good before. */
  readonly wasValid: boolean;
  readonly ownerPlays: boolean;
}

interface OpenSession {
  readonly steamId: bigint;
  readonly session: string;
  readonly authPart: Uint8Array;
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

interface Waiter {
  resolve(signal: VerdictSignal): void;
  reject(error: Error): void;
  cancel(): void;
}

const Begin = EBeginAuthSessionResult;
const Response = EAuthSessionResponse;
const Has = EUserHasLicenseForAppResult;
const noIssuers = new TrustedIssuers([]);
const CONNECT_PART_LENGTH = 24;
const RETRY = 5_000;

/** Verifier side of the auth sessions: checks at once, verdicts later, both exactly as section 6 says. */
export class SessionVerifier {
  readonly #sessions = new Map<bigint, OpenSession>();
  readonly #waiters = new Map<bigint, Set<Waiter>>();
  readonly #verdictListeners = new Set<(signal: VerdictSignal) => void>();
  readonly #changeListeners = new Set<() => void>();
  readonly #replacedListeners = new Set<(steamId: bigint) => void>();
  #issuers = noIssuers;
  #issuerKeys = '';
  #link: SteamLink | undefined;
  /** Sessions are named after their verifier, so that no two of the world share a name. */
  readonly #name = crypto.randomUUID();
  #opened = 0;
  #cancelWatch: (() => void) | undefined;

  constructor(
    private readonly options: VerifierOptions,
    private readonly clock: Clock,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  /** Logged on: uploads every open session and hears only verdicts that changed. */
  attach(link: SteamLink): void {
    this.#link = link;
    this.#trust(link.trustedKeys);
    this.#upload(link);
  }

  /** The backend is out of reach; sessions stay as they are. */
  detach(): void {
    this.#link = undefined;
  }

  /** Logged off or shut down: every session ends without a signal. */
  close(): void {
    for (const steamId of [...this.#sessions.keys()]) this.#end(steamId);
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
    this.#link = undefined;
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
    // When it does not arrive, the next upload tells the same.
    this.#link?.endSession(steamId, session.session).catch(() => undefined);
  }

  get(steamId: bigint): AuthSession | undefined {
    const session = this.#sessions.get(steamId);
    return session === undefined ? undefined : toSession(session);
  }

  /** Pending, valid and failed ones, until they are ended. */
  all(): readonly AuthSession[] {
    return [...this.#sessions.values()].map(toSession);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Decision table of section 2.4. */
  hasLicense(steamId: bigint, appId: number): EUserHasLicenseForAppResult {
    const session = this.#sessions.get(steamId);
    if (session === undefined || this.options.mode === EServerMode.NoAuthentication)
      return Has.NoAuth;
    const answer = (has: boolean) => (has ? Has.HasLicense : Has.DoesNotHaveLicense);
    switch (session.state) {
      case 'pending':
        if (this.options.strictLicense) return Has.NoAuth;
        return answer(session.ticketApps.includes(appId));
      case 'valid':
        // What the backend approved is licensed; without its list (offline approval) the ticket speaks.
        return answer(
          appId === this.options.appId || (session.licences ?? session.ticketApps).includes(appId),
        );
      default:
        return Has.NoAuth;
    }
  }

  /** Resolves with the verdict that is there or comes; rejects with code TIMEOUT, NO_SESSION or SESSION_ENDED. */
  waitForVerdict(steamId: bigint, timeout: number): Promise<VerdictSignal> {
    const session = this.#sessions.get(steamId);
    if (session === undefined) {
      const say = `${steamId} has no session; beginAuthSession must have answered 0`;
      return Promise.reject(new ServerError('NO_SESSION', say));
    }
    if (session.response !== null) return Promise.resolve(toSignal(session, false, false));
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve,
        reject,
        cancel: this.clock.after(timeout, () => {
          this.#waiters.get(steamId)?.delete(waiter);
          const say = `no verdict on ${steamId} within ${timeout} ms; is the backend reachable?`;
          reject(new ServerError('TIMEOUT', say));
        }),
      };
      const waiters = this.#waiters.get(steamId) ?? new Set();
      this.#waiters.set(steamId, waiters.add(waiter));
    });
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
      issuers: this.#issuers,
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
    this.#open(bytes, ticket, steamId, legacy, authenticate);
    return Begin.OK;
  }

  #open(
    bytes: Uint8Array,
    ticket: AppTicket,
    steamId: bigint,
    legacy: boolean,
    authenticate: boolean,
  ): void {
    const { ownership, gameConnect } = ticket;
    const session: OpenSession = {
      steamId,
      legacy,
      state: 'pending',
      response: null,
      ownerId: steamId,
      session: `${this.#name}.${++this.#opened}`,
      authPart: bytes.slice(0, legacy ? CONNECT_PART_LENGTH : AUTH_PART_LENGTH),
      tokenTime: gameConnect?.time ?? 0,
      ticketApps: [ownership.appId, ...ownership.dlc.map((dlc) => dlc.appId)],
      begun: this.clock.now(),
      licences: null,
      warned: false,
    };
    this.#sessions.set(steamId, session);
    this.#watch();
    this.#changed();
    // Without authentication nobody is asked; with the old call the signed ownership decides alone
    // while the backend is out of reach, and the backend may object later.
    const approve = !authenticate || (legacy && this.#link === undefined);
    if (approve) this.#judge(session, Response.OK, false);
    else if (this.#link !== undefined) this.#send(this.#link, session);
  }

  #send(link: SteamLink, session: OpenSession): void {
    link.beginSession(this.#toUpload(session)).then(
      (verdict) => this.verdict(verdict),
      () => {
        // Sent again by the next attach; when the link stands, the backend had an outage of its own.
        this.clock.after(RETRY, () => {
          const waits =
            session.state === 'pending' && this.#sessions.get(session.steamId) === session;
          if (waits && this.#link === link) this.#send(link, session);
        });
      },
    );
  }

  #upload(link: SteamLink): void {
    const open = [...this.#sessions.values()].filter((session) => session.state !== 'failed');
    const uploads = open.map((session) => this.#toUpload(session));
    link.uploadSessions(uploads).then(
      (verdicts) => {
        for (const verdict of verdicts) this.verdict(verdict);
      },
      () => {
        this.clock.after(RETRY, () => {
          if (this.#link === link) this.#upload(link);
        });
      },
    );
  }

  #toUpload(session: OpenSession): SessionUpload {
    const { steamId, authPart, response, session: name } = session;
    return { steamId, session: name, appId: this.options.appId, authPart, response };
  }

  #judge(session: OpenSession, response: EAuthSessionResponse, ownerPlays: boolean): void {
    const wasValid = session.state === 'valid';
    const event: SessionEvent = response === Response.OK ? 'approved' : 'refused';
    this.#apply(session, event, response, () => toSignal(session, wasValid, ownerPlays));
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
      this.#settle(session.steamId, (waiter) => waiter.resolve(said));
      for (const listener of this.#verdictListeners) listener(said);
    }
    this.#changed();
  }

  #end(steamId: bigint): void {
    const session = this.#sessions.get(steamId);
    if (session === undefined) return;
    this.#sessions.delete(steamId);
    this.#settle(steamId, (waiter) =>
      waiter.reject(new ServerError('SESSION_ENDED', `the session of ${steamId} was ended`)),
    );
    this.#apply(session, 'ended', session.response);
  }

  #settle(steamId: bigint, settle: (waiter: Waiter) => void): void {
    const waiters = this.#waiters.get(steamId) ?? [];
    this.#waiters.delete(steamId);
    for (const waiter of waiters) {
      waiter.cancel();
      settle(waiter);
    }
  }

  #takesOver(open: OpenSession | undefined, ticket: AppTicket | undefined): boolean {
    const time = ticket?.gameConnect?.time ?? 0;
    return this.options.takeover && open !== undefined && time > open.tokenTime;
  }

  #trust(keys: readonly string[]): void {
    const joined = keys.join('\n');
    if (joined === this.#issuerKeys) return;
    this.#issuerKeys = joined;
    this.#issuers = new TrustedIssuers(keys);
  }

  /** One timer for all pending sessions: it runs when the oldest of them has waited too long. */
  #watch(): void {
    if (this.#cancelWatch !== undefined) return;
    const { pendingWarning } = this.options;
    const now = this.clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const session of this.#sessions.values()) {
      if (session.state !== 'pending' || session.warned) continue;
      if (now - session.begun >= pendingWarning) this.#warn(session);
      else next = Math.min(next, session.begun + pendingWarning - now);
    }
    if (next === Number.POSITIVE_INFINITY) return;
    this.#cancelWatch = this.clock.after(next, () => {
      this.#cancelWatch = undefined;
      this.#watch();
    });
  }

  #warn(session: OpenSession): void {
    session.warned = true;
    const seconds = Math.round(this.options.pendingWarning / 1000);
    const say = `a ticket has no verdict after ${seconds} s; is the server logged on and its backend reachable?`;
    this.log.warn({ steamId: session.steamId.toString() }, say);
  }

  #changed(): void {
    for (const listener of this.#changeListeners) listener();
  }
}

const toSession = (session: OpenSession): AuthSession => ({
  steamId: session.steamId,
  state: session.state,
  response: session.response,
  ownerId: session.ownerId,
  begun: session.begun,
  legacy: session.legacy,
});

const toSignal = (session: OpenSession, wasValid: boolean, ownerPlays: boolean): VerdictSignal => ({
  steamId: session.steamId,
  response: session.response ?? Response.OK,
  ownerId: session.ownerId,
  legacy: session.legacy,
  wasValid,
  ownerPlays,
});
