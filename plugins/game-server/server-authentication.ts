import type { AuthSession, SessionVerifier, VerdictSignal } from 'beaconry/plugins/auth-sessions';
import type { ServerLink, Verdict } from 'beaconry/plugins/steam-backend';
import {
  EBeginAuthSessionResult,
  EDenyReason,
  EUserHasLicenseForAppResult,
  SteamID,
} from 'beaconry/steam';
import { signalVerdict } from './answer-signals.js';
import { limitText } from './limited-text.js';
import { noTicket, OwnTickets, type ServerTicket } from './own-tickets.js';
import { ServerPlayers } from './server-players.js';
import { ServerPresence } from './server-presence.js';
import type { SteamGameServerParts } from './server-presentation.js';
import { readId, type SteamIdInput } from './steam-id-input.js';

const Begin = EBeginAuthSessionResult;

/** Tickets, sessions and players (2.4 and 6): whom the server lets in, and what it shows of them. */
export abstract class ServerAuthentication extends ServerPresence {
  readonly #tickets: OwnTickets;
  readonly #players = new ServerPlayers();
  #verifier: SessionVerifier | undefined;

  protected constructor(parts: SteamGameServerParts) {
    super(parts);
    this.#tickets = new OwnTickets(parts.clock, (handle, result) =>
      this.signals.emit('get_auth_session_ticket_response', { auth_ticket: handle, result }),
    );
  }

  /** The bytes may be sent once get_auth_session_ticket_response came with result 1. */
  getAuthSessionTicket(identity?: string | bigint | null): ServerTicket {
    if (!this.loggedOn()) return noTicket;
    return this.#tickets.issue(this.facts.appId, identity);
  }
  getServerAuthSessionTicket(identity?: string | bigint | null): ServerTicket {
    return this.getAuthSessionTicket(identity);
  }

  /**
   * `ticket`: bytes, or the handle of an own ticket. 0 does not confirm the identity: wait for
   * validate_auth_ticket_response with response 0.
   */
  beginAuthSession(ticket: Uint8Array | number, steamId: SteamIdInput): EBeginAuthSessionResult;
  beginAuthSession(
    ticket: Uint8Array | number,
    size: number,
    steamId: SteamIdInput,
  ): EBeginAuthSessionResult;
  beginAuthSession(
    ticket: Uint8Array | number,
    second: SteamIdInput | number,
    third?: SteamIdInput,
  ): EBeginAuthSessionResult {
    if (this.#verifier === undefined) return Begin.NotInitialised;
    const bytes = typeof ticket === 'number' ? this.#tickets.get(ticket) : ticket;
    if (!(bytes instanceof Uint8Array)) return Begin.InvalidTicket;
    if (third === undefined && typeof second === 'number') {
      throw new TypeError('a SteamID is a bigint or a text, never a number: digits would be lost');
    }
    const size = typeof second === 'number' ? second : bytes.length;
    if (!Number.isInteger(size) || size < 0 || size > bytes.length) return Begin.InvalidTicket;
    const id = readId(third ?? (second as SteamIdInput));
    if (id === undefined) return Begin.InvalidTicket;
    return this.#verifier.begin(bytes.subarray(0, size), id);
  }

  endAuthSession(steamId: SteamIdInput): void {
    const id = readId(steamId);
    if (id === undefined) return;
    if (this.#players.removeBot(id)) this.#showPlayers();
    this.#verifier?.end(id);
  }

  cancelServerAuthTicket(handle: number): void {
    this.#tickets.cancel(handle);
  }
  cancelAuthTicket(handle: number): void {
    this.cancelServerAuthTicket(handle);
  }

  userHasLicenseForApp(steamId: SteamIdInput, appId: number): EUserHasLicenseForAppResult {
    const id = readId(steamId);
    if (this.#verifier === undefined || id === undefined || this.#players.isBot(id)) {
      return EUserHasLicenseForAppResult.NoAuth;
    }
    if (appId === 0) return EUserHasLicenseForAppResult.DoesNotHaveLicense;
    return this.#verifier.hasLicense(id, appId);
  }
  userHasLicenceForApp(steamId: SteamIdInput, appId: number): EUserHasLicenseForAppResult {
    return this.userHasLicenseForApp(steamId, appId);
  }

  /** The old way (6.6): basic checks fail with `ok: false` and no signal, else exactly one answer follows. */
  sendUserConnectAndAuthenticate(
    _clientIp: string | number,
    blob: Uint8Array,
  ): { ok: boolean; steam_id: bigint } {
    if (this.#verifier === undefined) return { ok: false, steam_id: 0n };
    const { result, steamId } = this.#verifier.beginLegacy(blob);
    if (result === Begin.InvalidVersion) {
      const reason = EDenyReason.InvalidVersion;
      this.signals.emit('client_denied', { steam_id: steamId, reason, text: '' });
      return { ok: true, steam_id: steamId };
    }
    return result === Begin.OK ? { ok: true, steam_id: steamId } : { ok: false, steam_id: 0n };
  }

  sendUserDisconnect(steamId: SteamIdInput): void {
    this.endAuthSession(steamId);
  }

  /** A bot; 0 when not initialised. */
  createUnauthenticatedUserConnection(): bigint {
    if (!this.isUp) return 0n;
    const { universe } = new SteamID(this.identity.steamId);
    const bot = this.#players.addBot(universe === 0 ? 4 : universe, this.parts.clock.now());
    this.#showPlayers();
    return bot;
  }

  /** False when no such player is here. */
  updateUserData(steamId: SteamIdInput, name: string, score: number): boolean {
    const id = readId(steamId);
    if (id === undefined) return false;
    if (!this.#players.isBot(id) && this.#verifier?.get(id) === undefined) return false;
    this.#players.set(id, limitText(name, 128), score >>> 0);
    this.#showPlayers();
    return true;
  }

  /** Resolves with the verdict; rejects with TIMEOUT, NO_SESSION or SESSION_ENDED. */
  waitForVerdict(steamId: SteamIdInput, timeout: number): Promise<VerdictSignal> {
    const id = readId(steamId) ?? 0n;
    if (this.#verifier === undefined) return Promise.reject(new TypeError('not initialised'));
    return this.#verifier.waitForVerdict(id, timeout);
  }

  sessions(): readonly AuthSession[] {
    return this.#verifier?.all() ?? [];
  }

  get bots(): number {
    return this.#players.bots;
  }

  protected override opened(): void {
    const { appId, mode } = this.facts;
    this.#verifier = this.parts.authSessions?.open({ appId, mode });
    this.#verifier?.onVerdict((verdict) => signalVerdict(this.signals, verdict));
    this.#verifier?.onChange(() => this.#showPlayers());
  }

  protected override shutDown(): void {
    if (this.#verifier !== undefined) this.parts.authSessions?.release(this.#verifier);
    this.#verifier = undefined;
  }

  protected override connected(link: ServerLink, resumed: boolean): void {
    this.#tickets.attach(link, resumed);
    this.#verifier?.attach(link);
    void this.#tickets.prepare(this.facts.appId);
  }

  protected override connectionLost(): void {
    this.#verifier?.detach();
    this.#tickets.detach();
  }

  protected override disconnected(): void {
    this.#verifier?.close();
    this.#tickets.reset();
    this.#players.clear();
    this.#showPlayers();
  }

  protected override verdict(verdict: Verdict): void {
    this.#verifier?.verdict(verdict);
  }

  protected override licences(steamId: bigint, licences: readonly number[]): void {
    this.#verifier?.licences(steamId, licences);
  }

  #showPlayers(): void {
    this.gameState.setPlayers(this.#players.list(this.sessions()));
  }
}
