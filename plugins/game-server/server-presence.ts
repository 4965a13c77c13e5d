import type { ServerLink, ServerReport, Verdict } from 'beaconry/plugins/steam-backend';
import { type EResult, EServerMode, ESteamAPIInitResult, QUERY_PORT_SHARED } from 'beaconry/steam';
import type { GameServerSnapshot } from './public.js';
import { ServerAdvertising } from './server-advertising.js';
import { type PublicIp, ServerIdentity } from './server-identity.js';
import {
  type ConnectData,
  type InitAnswer,
  type InitRequest,
  initFailed,
  noFacts,
  readInit,
  readInitForm,
} from './server-init.js';
import { ServerLogonMachine } from './server-logon.js';
import type { SteamGameServerParts } from './server-presentation.js';
import type { ServerState } from './server-states.js';
import { SignalQueue } from './signal-queue.js';

/** The server's way from init to the list and back (Steam game server API, sections 1 to 2.2): init, logon, status. */
export abstract class ServerPresence extends ServerAdvertising {
  readonly signals: SignalQueue;
  protected readonly identity = new ServerIdentity();
  protected facts = noFacts;
  /** The result of the last logon that was refused, until one is accepted. */
  protected lastRefusal: EResult | null = null;
  /** What the backend said of a version that is too old. */
  protected versionRefused: string | null = null;
  readonly #logon: ServerLogonMachine;
  #restartRequested = false;
  /** Too old to be listed. */
  #rejected = false;

  protected constructor(parts: SteamGameServerParts) {
    super(parts);
    const { clock, log, options } = parts;
    this.signals = new SignalQueue(clock, log);
    this.#logon = new ServerLogonMachine(parts.backend, parts.address, options, clock, log, {
      accepted: (link, resumed) => this.#accepted(link, resumed),
      refused: (result, retrying) => {
        this.lastRefusal = result;
        this.signals.emit('server_connect_failure', { result, retrying });
        if (!retrying) this.#forgetLogon();
      },
      lost: (result) => {
        this.connectionLost();
        this.signals.emit('server_disconnected', { result });
      },
      ended: (result) => {
        this.#forgetLogon();
        this.signals.emit('server_disconnected', { result });
      },
      verdict: (verdict) => this.verdict(verdict),
      licences: (steamId, licences) => this.licences(steamId, licences),
      policy: (secure) => this.#setSecure(secure),
      outOfDate: (rejected, text) => {
        this.versionRefused = text;
        this.#rejected = rejected;
        this.requestRestart();
        this.publish({});
      },
    });
  }

  /** The interface was initialised: nobody plays yet. */
  protected abstract opened(): void;
  protected abstract shutDown(): void;
  protected abstract connected(link: ServerLink, resumed: boolean): void;
  /** Cut off; the connection is being taken up again. */
  protected abstract connectionLost(): void;
  /** The logon is over: nobody plays any more. */
  protected abstract disconnected(): void;
  protected abstract verdict(verdict: Verdict): void;
  protected abstract licences(steamId: bigint, licences: readonly number[]): void;

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
    this.shutDown();
    this.heartbeat.advertised = false;
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
    const { product } = this.gameState.snapshot;
    const request = { token: plain === '' ? null : plain, product, ...this.facts };
    if (!this.#logon.logOn(request)) return;
    this.lastRefusal = null;
    this.identity.beginLogon();
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
    return this.identity.isSecure(this.#logon.state, this.facts.mode);
  }
  isServerSecure(): boolean {
    return this.secure();
  }

  getSteamID(): bigint {
    return this.identity.steamId;
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

  /** Unknown until the backend told it. */
  getPublicIP(): PublicIp {
    return this.identity.publicIp();
  }

  override get state(): ServerState {
    return this.#logon.state;
  }
  get ports(): { readonly game: number; readonly query: number } {
    const { gamePort, queryPort } = this.facts;
    return { game: gamePort, query: this.isShared ? gamePort : queryPort };
  }
  /** Queries come over the game's socket. */
  protected get isShared(): boolean {
    return this.isUp && this.facts.queryPort === QUERY_PORT_SHARED;
  }

  /** Writes to the state what was said and what follows from logon and advertising. */
  protected override publish(change: Partial<GameServerSnapshot>): void {
    const { state } = this.#logon;
    const { steamId } = this.identity;
    const listed = state === 'on' || state === 'retrying';
    const mayBeListed = !this.#rejected && this.facts.mode !== EServerMode.NoAuthentication;
    this.gameState.update({
      ...change,
      steamId: steamId === 0n ? null : steamId,
      secure: this.secure(),
      advertise: this.heartbeat.advertised && listed && mayBeListed,
    });
  }

  #init(request: InitRequest): InitAnswer {
    const read = readInit(request, this.parts.options.appId);
    if ('refused' in read) return initFailed(`init refuses the ${read.refused}`);
    if (!this.#logon.init()) {
      return initFailed('already initialised; call serverShutdown() first');
    }
    this.parts.onInit?.();
    this.facts = read.facts;
    this.given = { product: false, description: false, modDir: false };
    this.versionRefused = null;
    this.#rejected = false;
    this.heartbeat.reset();
    this.opened();
    this.publish(read.snapshot);
    return { status: ESteamAPIInitResult.OK, verbal: '' };
  }

  protected override report(report: Omit<ServerReport, 'version'>): void {
    const { version } = this.facts;
    // A cut link is reported by its own signal.
    this.#logon.link?.report({ ...report, version }).catch(() => undefined);
  }

  #accepted(link: ServerLink, resumed: boolean): void {
    this.identity.steamId = link.steamId;
    this.identity.publicAddress = link.publicAddress;
    this.lastRefusal = null;
    this.signals.emit('server_connected', {});
    this.#setSecure(link.secure);
    this.connected(link, resumed);
    this.publish({});
    this.heartbeat.restart(true);
  }

  #setSecure(secure: boolean): void {
    if (this.identity.notePolicy(secure)) {
      this.signals.emit('policy_response', { secure: secure ? 1 : 0 });
    }
    this.publish({});
  }

  #forgetLogon(): void {
    this.heartbeat.stop();
    this.identity.forget();
    this.disconnected();
    this.publish({});
  }
}
