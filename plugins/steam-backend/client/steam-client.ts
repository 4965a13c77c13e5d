import { type Clock, type Logger, ServerError } from 'beaconry';
import { SessionVerifier, type VerdictSignal } from 'beaconry/plugins/auth-sessions';
import {
  type EBeginAuthSessionResult,
  EResult,
  EServerMode,
  ETicketKind,
  type Ticket,
  ticketIdentity,
} from 'beaconry/steam';
import type { LinkEvents, PlayerCredential, PlayerLink, Resume, SteamBackend } from '../public.js';
import { TicketRequests } from './ticket-requests.js';

/** What the client of a backend needs. */
export interface SteamClientOptions {
  readonly backend: SteamBackend;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  /** IP that a backend in this process is told; one elsewhere sees it itself. */
  readonly address?: string;
  /** Milliseconds between tries to get back a lost connection. */
  readonly retryInterval?: number;
  /** Milliseconds between signs of life of the anti-cheat; 0 sends none. */
  readonly antiCheatInterval?: number;
}

const RETRY = 2_000;

/**
 * The player's side: logs on, makes tickets for servers and web services, verifies tickets of servers. A lost
 * connection is taken up again by itself, so that no server notices a short gap.
 */
export class SteamClient {
  readonly #tickets: TicketRequests;
  readonly #verifiers = new Map<number, SessionVerifier>();
  readonly #lostListeners = new Set<(result: EResult, retrying: boolean) => void>();
  #link: PlayerLink | undefined;
  #credential: Exclude<PlayerCredential, { resume: unknown }> | undefined;
  #resume: Resume | undefined;
  #playing = 0;
  #cancelRetry: (() => void) | undefined;
  #endAntiCheat: (() => void) | undefined;
  /** Rises with each logon and logoff, so that what belongs to a former one is recognised. */
  #epoch = 0;

  constructor(private readonly options: SteamClientOptions) {
    this.#tickets = new TicketRequests(options.clock);
  }

  get steamId(): bigint {
    return this.#link?.steamId ?? 0n;
  }
  get loggedOn(): boolean {
    return this.#link !== undefined;
  }
  /** False for ids that anybody could have made. */
  get verified(): boolean {
    return this.#link?.verified ?? false;
  }

  /** Throws ServerError LOGON_REFUSED with the EResult as its `result`. */
  async logOn(credential: Exclude<PlayerCredential, { resume: unknown }>): Promise<bigint> {
    if (this.#link !== undefined) {
      throw new ServerError('ALREADY_LOGGED_ON', 'log off before logging on again');
    }
    this.#credential = credential;
    const epoch = ++this.#epoch;
    const answer = await this.#ask(credential, epoch);
    if (answer.ok) {
      if (this.#epoch !== epoch) answer.link.drop();
      else this.#attach(answer.link, false);
      return answer.link.steamId;
    }
    const { result } = answer;
    const say = `the backend refused the logon: ${result} ${EResult[result] ?? ''}`;
    throw Object.assign(new ServerError('LOGON_REFUSED', say), { result });
  }

  /** Resolves when the backend knows the ticket; only then may it be sent to a server. */
  getAuthSessionTicket(appId: number, identity?: string | bigint): Promise<Ticket> {
    return this.#tickets.request(appId, (issuer) =>
      issuer.issue(appId, ETicketKind.AuthSession, ticketIdentity(identity)),
    );
  }

  /** A ticket for the web service of that name. */
  getTicketForWebApi(appId: number, identity: string): Promise<Ticket> {
    return this.#tickets.request(appId, (issuer) =>
      issuer.issue(appId, ETicketKind.WebApi, ticketIdentity(identity)),
    );
  }

  /** The old connect call: the blob names the server it is for. */
  initiateGameConnection(appId: number, serverId: bigint): Promise<Ticket> {
    const identity = serverId === 0n ? null : ticketIdentity(serverId);
    return this.#tickets.request(appId, (issuer) => issuer.issueConnectBlob(appId, identity));
  }

  cancelAuthTicket(handle: number): void {
    this.#tickets.cancel(handle);
  }

  /** Says which app is being played; 0 for none. */
  async setPlaying(appId: number): Promise<void> {
    this.#playing = appId;
    await this.#on.setPlaying(appId);
  }

  /** Verifies a server's (or a player's) ticket, as a server does: the verdict comes later. */
  beginAuthSession(ticket: Uint8Array, steamId: bigint, appId: number): EBeginAuthSessionResult {
    return this.#verifier(appId).begin(ticket, steamId);
  }

  waitForVerdict(steamId: bigint, timeout: number): Promise<VerdictSignal> {
    for (const verifier of this.#verifiers.values()) {
      if (verifier.get(steamId) !== undefined) return verifier.waitForVerdict(steamId, timeout);
    }
    return Promise.reject(new ServerError('NO_SESSION', `${steamId} has no session here`));
  }

  onVerdict(appId: number, listener: (verdict: VerdictSignal) => void): () => void {
    return this.#verifier(appId).onVerdict(listener);
  }

  endAuthSession(steamId: bigint): void {
    for (const verifier of this.#verifiers.values()) verifier.end(steamId);
  }

  /** The connection is gone; with `retrying` it is being taken up again. */
  onLost(listener: (result: EResult, retrying: boolean) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Goes offline: all tickets die, servers learn it after the grace time. */
  async logOff(): Promise<void> {
    const link = this.#link;
    this.#forget();
    await link?.logOff();
  }

  /** Lets go of the connection without a goodbye. */
  close(): void {
    const link = this.#link;
    this.#forget();
    link?.drop();
  }

  get #on(): PlayerLink {
    if (this.#link !== undefined) return this.#link;
    throw new ServerError('NOT_LOGGED_ON', 'log on first');
  }

  #verifier(appId: number): SessionVerifier {
    const known = this.#verifiers.get(appId);
    if (known !== undefined) return known;
    const verifier = new SessionVerifier(
      {
        ...{ appId, mode: EServerMode.Authentication, strictLicense: false, takeover: false },
        ...{ maxSessions: 64, pendingWarning: 20_000 },
      },
      this.options.clock,
      this.options.log,
    );
    if (this.#link !== undefined) verifier.attach(this.#link);
    this.#verifiers.set(appId, verifier);
    return verifier;
  }

  #ask(credential: PlayerCredential, epoch: number) {
    const current = () => this.#epoch === epoch;
    const events: LinkEvents = {
      verdict: (verdict) => {
        for (const verifier of this.#verifiers.values()) if (current()) verifier.verdict(verdict);
      },
      licences: (steamId, licences) => {
        for (const verifier of this.#verifiers.values()) verifier.licences(steamId, licences);
      },
      lost: (result, retrying) => current() && this.#lost(result, retrying),
    };
    const address = this.options.address ?? '127.0.0.1';
    return this.options.backend.logOnPlayer({ credential, address }, events);
  }

  #attach(link: PlayerLink, resumed: boolean): void {
    this.#link = link;
    this.#resume = link.resume;
    this.#tickets.attach(link, resumed);
    for (const verifier of this.#verifiers.values()) verifier.attach(link);
    if (this.#playing !== 0) link.setPlaying(this.#playing).catch(() => undefined);
    const interval = this.options.antiCheatInterval ?? 0;
    this.#endAntiCheat?.();
    if (interval > 0) {
      this.#endAntiCheat = this.options.clock.every(interval, () => {
        link.antiCheatAlive().catch(() => undefined);
      });
    }
  }

  #lost(result: EResult, retrying: boolean): void {
    this.#link = undefined;
    this.#tickets.detach();
    for (const verifier of this.#verifiers.values()) verifier.detach();
    if (retrying) this.#retryLater();
    else this.#forget();
    for (const listener of this.#lostListeners) listener(result, retrying);
  }

  #retryLater(): void {
    const epoch = ++this.#epoch;
    this.#cancelRetry = this.options.clock.after(this.options.retryInterval ?? RETRY, () => {
      this.#retry(epoch).catch((error: unknown) => {
        this.options.log.warn({ err: error }, 'the connection could not be taken up again');
      });
    });
  }

  async #retry(epoch: number): Promise<void> {
    const resume = this.#resume;
    const credential = resume === undefined ? this.#credential : { resume };
    if (credential === undefined) return;
    const answer = await this.#ask(credential, epoch);
    if (this.#epoch !== epoch) {
      if (answer.ok) answer.link.drop();
    } else if (answer.ok) this.#attach(answer.link, resume !== undefined);
    else {
      // The connection is over: only a new logon helps, and its tickets are new too.
      if (!answer.retrying && resume !== undefined) this.#resume = undefined;
      if (answer.retrying || resume !== undefined) this.#retryLater();
      else this.#lost(answer.result, false);
    }
  }

  #forget(): void {
    this.#epoch++;
    this.#link = undefined;
    this.#resume = undefined;
    this.#playing = 0;
    this.#cancelRetry?.();
    this.#endAntiCheat?.();
    this.#tickets.reset();
    for (const verifier of this.#verifiers.values()) verifier.close();
    this.#verifiers.clear();
  }
}
