import type { SocialRequests } from 'beaconry/plugins/social';
import type { Reputation, ServerLink } from 'beaconry/plugins/steam-backend';
import { EResult } from 'beaconry/steam';
import { socialSignals } from './answer-signals.js';
import { type Diagnosis, diagnoseServer } from './diagnosis.js';
import { ServerAuthentication } from './server-authentication.js';
import type { SteamGameServerParts } from './server-presentation.js';
import { type HandledPacket, type OutgoingPacket, SharedPort } from './shared-port.js';
import type { QueuedSignal, SignalListener, SignalName } from './signal-queue.js';
import { readAccountId, readId, type SteamIdInput } from './steam-id-input.js';

export type { ServerTicket } from './own-tickets.js';
export {
  defaultGameServerOptions,
  type SteamGameServerOptions,
  type SteamGameServerParts,
} from './server-presentation.js';
export type { SteamIdInput } from './steam-id-input.js';

const PENDING_WARNING = 20_000;

/**
 * Steam's game server interface, function by function (Steam game server API, section 2), with its states, limits
 * and answers. Nothing is signalled inside a call: signals come from `runCallbacks()`. The functions stand in
 * the order of the specification: ServerPresentation (what the game says of itself), ServerAdvertising,
 * ServerPresence (init, logon, status), ServerAuthentication (tickets, sessions, players), and here groups,
 * the shared port and the pump.
 */
export class SteamGameServer extends ServerAuthentication {
  readonly #social: SocialRequests | undefined;
  readonly #port: SharedPort | undefined;

  constructor(parts: SteamGameServerParts) {
    super(parts);
    this.#port = parts.sharedSocket === undefined ? undefined : new SharedPort(parts.sharedSocket);
    this.#social = parts.social?.open(socialSignals(this.signals));
  }

  /** The group as a 64-bit id or as its 32-bit account id. False when not connected. */
  requestUserGroupStatus(steamId: SteamIdInput, group: SteamIdInput | number): boolean {
    if (!this.loggedOn()) return false;
    const id = readId(steamId) ?? 0n;
    const clan = typeof group === 'number' ? readAccountId(group) : (readId(group) ?? 0n);
    return this.#social?.requestGroupStatus(id, clan) ?? false;
  }

  associateWithClan(clan: SteamIdInput): void {
    if (!this.isUp) return;
    if (this.#social === undefined) {
      this.signals.emit('associate_clan', { result: EResult.NotLoggedOn });
    } else this.#social.associateWithClan(readId(clan) ?? 1n << 63n);
  }

  computeNewPlayerCompatibility(steamId: SteamIdInput): void {
    if (!this.isUp) return;
    const id = readId(steamId) ?? 0n;
    if (this.#social !== undefined) {
      this.#social.computeCompatibility(id);
      return;
    }
    this.signals.emit('player_compat', {
      result: EResult.NotLoggedOn,
      players_dont_like_candidate: 0,
      players_candidate_doesnt_like: 0,
      clan_players_dont_like_candidate: 0,
      steam_id: id,
      is_clan_member: false,
    });
  }

  /** Answers nothing unless init shared the game's socket and advertising is on. */
  handleIncomingPacket(
    packet: Uint8Array | number,
    ip: string | number,
    port: number,
  ): HandledPacket {
    if (!this.isShared || !this.advertising) return { handled: false };
    return this.#port?.handle(packet, ip, port) ?? { handled: false };
  }

  /** For wrappers that pass only a size to `handleIncomingPacket`. */
  registerPacketBuffer(bytes: Uint8Array): void {
    this.#port?.registerBuffer(bytes);
  }

  /** Call it until `length` is 0, every frame. */
  getNextOutgoingPacket(bufferSize?: number): OutgoingPacket {
    const nothing = { length: 0, out: new Uint8Array(), address: 0, port: 0 };
    if (!this.isShared) return nothing;
    return this.#port?.next(bufferSize) ?? nothing;
  }

  async getServerReputation(): Promise<Reputation> {
    if (this.#social !== undefined) return this.#social.reputation();
    return { result: EResult.NotLoggedOn, score: 0, banned: false };
  }

  /** Delivers what was queued; call it at 10 Hz or faster, or let the framework do it. */
  runCallbacks(): void {
    this.signals.deliver();
  }
  run_callbacks(): void {
    this.runCallbacks();
  }

  on<N extends SignalName>(signal: N, listener: SignalListener<N>): () => void;
  on(signal: string, listener: (data: never) => void): () => void;
  on(signal: string, listener: (data: never) => void): () => void {
    return this.signals.on(signal, listener as SignalListener<SignalName>);
  }

  onAnySignal(listener: (signal: QueuedSignal) => void): () => void {
    return this.signals.onAny(listener);
  }

  /** What keeps players away, each with the call that mends it. */
  diagnose(): readonly Diagnosis[] {
    const longAgo = this.parts.clock.now() - PENDING_WARNING;
    const pending = this.sessions().filter(
      (session) => session.state === 'pending' && session.begun <= longAgo,
    );
    return diagnoseServer({
      state: this.state,
      mode: this.facts.mode,
      snapshot: this.gameState.snapshot,
      given: this.given,
      advertise: this.advertising,
      lastRefusal: this.lastRefusal,
      versionRefused: this.versionRefused,
      publicAddress: this.identity.publicAddress,
      waitingSignals: this.signals.length,
      pendingTooLong: pending.length,
      shared: this.isShared,
      queriesSeen: this.isShared ? this.#port?.seen : undefined,
      backendKnown: this.parts.backend !== undefined,
    });
  }

  protected override connected(link: ServerLink, resumed: boolean): void {
    this.#social?.attach(link);
    super.connected(link, resumed);
  }

  protected override connectionLost(): void {
    this.#social?.detach();
    super.connectionLost();
  }

  protected override disconnected(): void {
    this.#social?.detach();
    this.#port?.clear();
    super.disconnected();
  }
}
