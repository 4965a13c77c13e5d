import { PeerAddress } from 'beaconry';
import type { AuthSession, SessionVerifier, VerdictSignal } from 'beaconry/plugins/auth-sessions';
import type { SocialRequests } from 'beaconry/plugins/social';
import type { Reputation, ServerLink } from 'beaconry/plugins/steam-backend';
import {
  EBeginAuthSessionResult,
  EDenyReason,
  EResult,
  EServerFlag,
  EServerMode,
  ESteamAPIInitResult,
  ESteamIPType,
  ETicketKind,
  EUserHasLicenseForAppResult,
  QUERY_PORT_SHARED,
  SteamID,
  TICKET_BUFFER,
  TicketIssuer,
  ticketIdentity,
} from 'beaconry/steam';
import { denyReason } from './deny-reasons.js';
import { type Diagnosis, diagnoseServer } from './diagnosis.js';
import { limitText } from './limited-text.js';
import type { GameServerSnapshot, GameServerState } from './public.js';
import {
  type ConnectData,
  hasFlag,
  type InitAnswer,
  type InitRequest,
  readInitForm,
  refuseInit,
} from './server-init.js';
import { ServerLogonMachine } from './server-logon.js';
import { ServerPlayers } from './server-players.js';
import { ServerPresentation, type SteamGameServerParts } from './server-presentation.js';
import type { ServerState } from './server-states.js';
import { type HandledPacket, type OutgoingPacket, SharedPort } from './shared-port.js';
import {
  type QueuedSignal,
  type SignalListener,
  type SignalName,
  SignalQueue,
} from './signal-queue.js';

export {
  defaultGameServerOptions,
  type SteamGameServerOptions,
  type SteamGameServerParts,
} from './server-presentation.js';

/** SteamIDs as callers may write them: bigint or any text form, never a number. */
export type SteamIdInput = bigint | string | SteamID;

export interface ServerTicket {
  /** 0 when no ticket could be made. */
  readonly id: number;
  readonly buffer: Uint8Array;
  readonly ticket_size: number;
  readonly size: number;
}

const Begin = EBeginAuthSessionResult;
const DEFAULT_HEARTBEAT = 30_000;
const PENDING_WARNING = 20_000;
const MAX_OWN_TICKETS = 256;
const noTicket: ServerTicket = { id: 0, buffer: new Uint8Array(), ticket_size: 0, size: 0 };

/**
 * Steam's game server interface, function by function (steam-gameserver, section 2), with its states, limits
 * and answers. Nothing is signalled inside a call: signals come from `runCallbacks()`.
 */
export class SteamGameServer extends ServerPresentation {
  readonly signals: SignalQueue;
  readonly #state: GameServerState;
  readonly #logon: ServerLogonMachine;
  readonly #issuer: TicketIssuer;
  readonly #social: SocialRequests | undefined;
  readonly #players = new ServerPlayers();
  readonly #port: SharedPort | undefined;
  readonly #tickets = new Map<number, Uint8Array>();
  #verifier: SessionVerifier | undefined;
  #mode: number = EServerMode.Invalid;
  #appId = 0;
  #version = '';
  #gamePort = 0;
  #queryPort = 0;
  #steamId = 0n;
  #secure = false;
  #publicAddress: string | null = null;
  #advertise = false;
  #restartRequested = false;
  #versionRefused: string | null = null;
  #rejected = false;
  #lastRefusal: EResult | null = null;
  #policyTold: boolean | undefined;
  #heartbeatInterval = DEFAULT_HEARTBEAT;
  #cancelHeartbeat: (() => void) | undefined;

  constructor(parts: SteamGameServerParts) {
    super(parts);
    const { clock, log, options } = parts;
    this.#state = parts.state;
    this.signals = new SignalQueue(clock, log);
    this.#port = parts.sharedSocket === undefined ? undefined : new SharedPort(parts.sharedSocket);
    this.#issuer = new TicketIssuer(clock, (handle, result) => {
      if (result !== EResult.OK) this.#tickets.delete(handle);
      this.signals.emit('get_auth_session_ticket_response', { auth_ticket: handle, result });
    });
    this.#social = parts.social?.open({
      groupStatus: ({ steamId, group, member, officer }) =>
        this.signals.emit('client_group_status', {
          ...{ steam_id: steamId, group_id: group, member, officer },
        }),
      clan: ({ result }) => this.signals.emit('associate_clan', { result }),
      compatibility: (answer) =>
        this.signals.emit('player_compat', {
          result: answer.result,
          players_dont_like_candidate: answer.playersDontLikeCandidate,
          players_candidate_doesnt_like: answer.playersCandidateDoesntLike,
          clan_players_dont_like_candidate: answer.clanPlayersDontLikeCandidate,
          steam_id: answer.steamId,
          is_clan_member: answer.isClanMember,
        }),
    });
    this.#logon = new ServerLogonMachine(parts.backend, parts.address, options, clock, log, {
      accepted: (link, resumed) => this.#accepted(link, resumed),
      refused: (result, retrying) => {
        this.#lastRefusal = result;
        this.signals.emit('server_connect_failure', { result, retrying });
        if (!retrying) this.#forgetLogon();
      },
      lost: (result) => {
        this.#verifier?.detach();
        this.#issuer.detach();
        this.#social?.detach();
        this.signals.emit('server_disconnected', { result });
      },
      ended: (result) => {
        this.#forgetLogon();
        this.signals.emit('server_disconnected', { result });
      },
      verdict: (verdict) => this.#verifier?.verdict(verdict),
      licences: (steamId, licences) => this.#verifier?.licences(steamId, licences),
      policy: (secure) => this.#setSecure(secure),
      outOfDate: (rejected, text) => {
        this.#versionRefused = text;
        this.#rejected = rejected;
        this.requestRestart();
        this.publish({});
      },
    });
  }

  // --- 2.1 basic data and init

  /** Both script forms; false when already initialised or the arguments are wrong. */
  initGameServer(data: ConnectData, second: number, version: string, flags?: number): boolean {
    return this.#init(readInitForm(data, second, version, flags)).status === ESteamAPIInitResult.OK;
  }

  serverInit(
    ip: string | number,
    gamePort: number,
    queryPort: number,
    mode: number,
    version: string,
  ): boolean {
    return (
      this.serverInitEx(ip, gamePort, queryPort, mode, version).status === ESteamAPIInitResult.OK
    );
  }

  serverInitEx(
    ip: string | number,
    gamePort: number,
    queryPort: number,
    mode: number,
    version: string,
  ): InitAnswer {
    return this.#init({ ip, gamePort, queryPort, mode, version, appId: undefined });
  }

  /** Ends everything; no signal is promised. */
  serverShutdown(): void {
    if (!this.isUp) return;
    this.#logon.shutDown();
    this.parts.rules?.clear();
    this.#forgetLogon();
    if (this.#verifier !== undefined) this.parts.authSessions?.release(this.#verifier);
    this.#verifier = undefined;
    this.#advertise = false;
    this.signals.clear();
    this.publish({ name: '', map: '' });
  }

  serverReleaseCurrentThreadMemory(): void {
    // Steam frees memory of the calling thread; nothing here belongs to a thread.
  }

  // --- 2.2 login and status

  /** An empty token logs on anonymously. The result comes as a signal. */
  logOn(token: string): void {
    if (!this.isUp) return;
    const plain = token.trim();
    this.#lastRefusal = null;
    this.#policyTold = undefined;
    const { product } = this.#state.snapshot;
    this.#logon.logOn({
      token: plain === '' ? null : plain,
      appId: this.#appId,
      product,
      version: this.#version,
      mode: this.#mode,
      gamePort: this.#gamePort,
      queryPort: this.#queryPort,
    });
  }

  logOnAnonymous(): void {
    this.logOn('');
  }

  logOff(): void {
    this.#logon.logOff();
  }

  loggedOn(): boolean {
    return this.#logon.state === 'on';
  }

  secure(): boolean {
    const known = this.#logon.state === 'on' || this.#logon.state === 'retrying';
    return known && this.#mode === EServerMode.AuthenticationAndSecure && this.#secure;
  }
  isServerSecure(): boolean {
    return this.secure();
  }

  getSteamID(): bigint {
    return this.#steamId;
  }
  getServerSteamID(): bigint {
    return this.getSteamID();
  }

  /** True once per request. */
  wasRestartRequested(): boolean {
    const requested = this.#restartRequested;
    this.#restartRequested = false;
    return requested;
  }

  /** A master or the backend asks for a restart with a newer version. */
  requestRestart(): void {
    this.#restartRequested = true;
  }

  /** `ipv4` is a host-order number, `ipv6` the address in network order; `text` what a person reads. */
  getPublicIP(): { ipv4: number; ipv6: bigint; type: ESteamIPType; text: string } {
    const text = this.#publicAddress ?? '';
    const peer =
      text === '' ? undefined : PeerAddress.parse(text.includes(':') ? `[${text}]:0` : `${text}:0`);
    if (peer === undefined) return { ipv4: 0, ipv6: 0n, type: ESteamIPType.IPv4, text: '' };
    if (peer.isIPv4) return { ipv4: peer.d >>> 0, ipv6: 0n, type: ESteamIPType.IPv4, text };
    const words = [peer.a, peer.b, peer.c, peer.d];
    const ipv6 = words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
    return { ipv4: 0, ipv6, type: ESteamIPType.IPv6, text };
  }

  // --- 2.3 advertising

  setAdvertiseServerActive(active: boolean): void {
    if (!this.isUp) return;
    this.#advertise = active;
    this.publish({});
    this.#restartHeartbeat(active);
  }
  enableHeartbeats(active: boolean): void {
    this.setAdvertiseServerActive(active);
  }
  setAdvertiseServerAction(active: boolean): void {
    this.setAdvertiseServerActive(active);
  }

  /** -1 is the default of 30 s; milliseconds unless configured otherwise; 250 ms to 600 s take effect. */
  setHeartbeatInterval(interval: number): void {
    if (!this.isUp) return;
    if (interval === 0 || interval < -1 || !Number.isFinite(interval)) {
      this.ignored('heartbeatInterval', interval);
      return;
    }
    const unit = this.parts.options.heartbeatUnit === 's' ? 1000 : 1;
    const wanted = interval === -1 ? DEFAULT_HEARTBEAT : interval * unit;
    this.#heartbeatInterval = Math.min(600_000, Math.max(250, wanted));
    this.#restartHeartbeat(false);
  }

  /** Effective interval in milliseconds. */
  get heartbeatInterval(): number {
    return this.#heartbeatInterval;
  }

  forceHeartbeat(): void {
    this.#beat();
  }

  // --- 2.4 auth and players

  /** The bytes may be sent once get_auth_session_ticket_response came with result 1. */
  getAuthSessionTicket(identity?: string | bigint | null): ServerTicket {
    if (!this.loggedOn()) return noTicket;
    const ticket = this.#issuer.issue(
      this.#appId,
      ETicketKind.AuthSession,
      ticketIdentity(identity),
    );
    if (ticket === undefined || ticket.bytes.length > TICKET_BUFFER) return noTicket;
    const { handle, bytes } = ticket;
    this.#keepTicket(handle, bytes);
    return { id: handle, buffer: bytes, ticket_size: bytes.length, size: bytes.length };
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
    this.#tickets.delete(handle);
    this.#issuer.cancel(handle);
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

  /** The group as a 64-bit id or as its 32-bit account id. False when not connected. */
  requestUserGroupStatus(steamId: SteamIdInput, group: SteamIdInput | number): boolean {
    if (!this.loggedOn()) return false;
    const id = readId(steamId) ?? 0n;
    const clan = typeof group === 'number' ? BigInt(group >>> 0) : (readId(group) ?? 0n);
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
    if (!this.#isShared || !this.#advertise) return { handled: false };
    return this.#port?.handle(packet, ip, port) ?? { handled: false };
  }

  /** For wrappers that pass only a size to `handleIncomingPacket`. */
  registerPacketBuffer(bytes: Uint8Array): void {
    this.#port?.registerBuffer(bytes);
  }

  /** Call it until `length` is 0, every frame. */
  getNextOutgoingPacket(bufferSize?: number): OutgoingPacket {
    const nothing = { length: 0, out: new Uint8Array(), address: 0, port: 0 };
    if (!this.#isShared) return nothing;
    return this.#port?.next(bufferSize) ?? nothing;
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
    const { universe } = new SteamID(this.#steamId);
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

  // --- beyond Steam: what people miss

  on<N extends SignalName>(signal: N, listener: SignalListener<N>): () => void;
  on(signal: string, listener: (data: never) => void): () => void;
  on(signal: string, listener: (data: never) => void): () => void {
    return this.signals.on(signal, listener as SignalListener<SignalName>);
  }

  onAnySignal(listener: (signal: QueuedSignal) => void): () => void {
    return this.signals.onAny(listener);
  }

  /** Resolves with the verdict; rejects with TIMEOUT, NO_SESSION or SESSION_ENDED. */
  waitForVerdict(steamId: SteamIdInput, timeout: number): Promise<VerdictSignal> {
    const id = readId(steamId) ?? 0n;
    if (this.#verifier === undefined) return Promise.reject(new TypeError('not initialised'));
    return this.#verifier.waitForVerdict(id, timeout);
  }

  /** What keeps players away, each with the call that mends it. */
  diagnose(): readonly Diagnosis[] {
    const longAgo = this.parts.clock.now() - PENDING_WARNING;
    const pending = this.sessions().filter(
      (session) => session.state === 'pending' && session.begun <= longAgo,
    );
    return diagnoseServer({
      state: this.#logon.state,
      mode: this.#mode,
      snapshot: this.#state.snapshot,
      given: this.given,
      advertise: this.#advertise,
      lastRefusal: this.#lastRefusal,
      versionRefused: this.#versionRefused,
      publicAddress: this.#publicAddress,
      waitingSignals: this.signals.length,
      pendingTooLong: pending.length,
      shared: this.#isShared,
      queriesSeen: this.#isShared ? this.#port?.seen : undefined,
      backendKnown: this.parts.backend !== undefined,
    });
  }

  sessions(): readonly AuthSession[] {
    return this.#verifier?.all() ?? [];
  }

  override get state(): ServerState {
    return this.#logon.state;
  }
  /** What `setAdvertiseServerActive` said last. */
  get advertising(): boolean {
    return this.#advertise;
  }
  get bots(): number {
    return this.#players.bots;
  }
  get ports(): { readonly game: number; readonly query: number } {
    return { game: this.#gamePort, query: this.#isShared ? this.#gamePort : this.#queryPort };
  }

  // --- inside

  get #isShared(): boolean {
    return this.isUp && this.#queryPort === QUERY_PORT_SHARED;
  }

  #init(request: InitRequest): InitAnswer {
    const failed = (verbal: string): InitAnswer => ({
      status: ESteamAPIInitResult.FailedGeneric,
      verbal,
    });
    const appId = request.appId ?? this.parts.options.appId;
    const wrong = refuseInit(request, appId);
    if (wrong !== undefined) return failed(`init refuses the ${wrong}`);
    if (!this.#logon.init()) return failed('already initialised; call serverShutdown() first');
    this.parts.onInit?.();
    const isPrivate = hasFlag(request, EServerFlag.Private);
    this.#mode = isPrivate ? EServerMode.NoAuthentication : request.mode;
    this.#appId = appId;
    this.#version = request.version;
    this.#gamePort = request.gamePort;
    this.#queryPort = request.queryPort;
    this.given = { product: false, description: false, modDir: false };
    this.#versionRefused = null;
    this.#rejected = false;
    this.#heartbeatInterval = DEFAULT_HEARTBEAT;
    this.#verifier = this.parts.authSessions?.open({ appId, mode: this.#mode });
    this.#verifier?.onVerdict((verdict) => this.#verdict(verdict));
    this.#verifier?.onChange(() => this.#showPlayers());
    this.publish({
      ...{ appId, product: String(appId), version: request.version, gamePort: request.gamePort },
      ...{ name: '', map: '', modDir: '', description: '', maxPlayers: 0, bots: 0, gameData: '' },
      ...{ spectatorPort: null, spectatorName: '', tags: null, region: 255 },
      serverType: hasFlag(request, EServerFlag.Dedicated) ? 'd' : 'l',
      password: hasFlag(request, EServerFlag.Passworded),
    });
    return { status: ESteamAPIInitResult.OK, verbal: '' };
  }

  async #accepted(link: ServerLink, resumed: boolean): Promise<void> {
    this.#steamId = link.steamId;
    this.#publicAddress = link.publicAddress;
    this.#lastRefusal = null;
    this.#issuer.attach(link, resumed);
    this.#social?.attach(link);
    this.signals.emit('server_connected', {});
    this.#setSecure(link.secure);
    this.#verifier?.attach(link);
    this.publish({});
    this.#restartHeartbeat(true);
    // Without it no ticket can be made; a link that is cut meanwhile prepares again when it is back.
    await this.#issuer.prepare(this.#appId).catch(() => undefined);
  }

  /** Told after each logon, and when it changes. */
  #setSecure(secure: boolean): void {
    this.#secure = secure;
    if (this.#policyTold !== secure) {
      this.#policyTold = secure;
      this.signals.emit('policy_response', { secure: secure ? 1 : 0 });
    }
    this.publish({});
  }

  #forgetLogon(): void {
    this.#verifier?.close();
    this.#issuer.reset();
    this.#social?.detach();
    this.#tickets.clear();
    this.#players.clear();
    this.#port?.clear();
    this.#cancelHeartbeat?.();
    this.#cancelHeartbeat = undefined;
    this.#steamId = 0n;
    this.#secure = false;
    this.#publicAddress = null;
    this.#showPlayers();
    this.publish({});
  }

  /** By handle, for `beginAuthSession(handle, …)`; the oldest make room. */
  #keepTicket(handle: number, bytes: Uint8Array): void {
    this.#tickets.set(handle, bytes);
    const oldest = this.#tickets.keys().next();
    if (this.#tickets.size > MAX_OWN_TICKETS && oldest.done !== true) {
      this.#tickets.delete(oldest.value);
    }
  }

  #verdict(verdict: VerdictSignal): void {
    const { steamId, response, ownerId, legacy, wasValid, ownerPlays } = verdict;
    if (!legacy) {
      this.signals.emit('validate_auth_ticket_response', {
        ...{ auth_id: steamId, response, owner_id: ownerId },
      });
    } else if (response === 0) {
      this.signals.emit('client_approved', { steam_id: steamId, owner_id: ownerId });
    } else {
      const reason = denyReason(response, wasValid, ownerPlays);
      if (wasValid) this.signals.emit('client_kick', { steam_id: steamId, reason });
      else this.signals.emit('client_denied', { steam_id: steamId, reason, text: '' });
    }
  }

  /** Writes to the state what was said and what follows from logon and advertising. */
  protected override publish(change: Partial<GameServerSnapshot>): void {
    const { state } = this.#logon;
    const listed = state === 'on' || state === 'retrying';
    this.#state.update({
      ...change,
      steamId: this.#steamId === 0n ? null : this.#steamId,
      secure: this.secure(),
      advertise:
        this.#advertise && listed && !this.#rejected && this.#mode !== EServerMode.NoAuthentication,
    });
  }

  #showPlayers(): void {
    this.#state.setPlayers(this.#players.list(this.sessions()));
  }

  #restartHeartbeat(now: boolean): void {
    this.#cancelHeartbeat?.();
    this.#cancelHeartbeat = undefined;
    if (!this.#advertise || !this.loggedOn()) return;
    if (now) this.#beat();
    this.#cancelHeartbeat = this.parts.clock.every(this.#heartbeatInterval, () => this.#beat());
  }

  #beat(): void {
    const { product } = this.#state.snapshot;
    const players = this.#state.players.length;
    const report = { version: this.#version, product, players, advertised: this.#advertise };
    // A cut link is reported by its own signal.
    this.#logon.link?.report(report).catch(() => undefined);
  }
}

/** Undefined for what is no SteamID; numbers are a mistake of the caller and throw. */
const readId = (id: SteamIdInput): bigint | undefined => {
  if (typeof id === 'number')
    throw new TypeError('a SteamID is a bigint or a text, never a number');
  if (typeof id === 'bigint') return id >= 0n && id < 1n << 64n ? id : undefined;
  if (typeof id === 'string') return SteamID.parse(id.trim())?.value;
  return id instanceof SteamID ? id.value : undefined;
};
