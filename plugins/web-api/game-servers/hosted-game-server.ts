import type { Clock } from 'beaconry';
import type {
  GameServerState,
  QueuedSignal,
  SteamGameServer,
  SteamSignals,
} from 'beaconry/plugins/game-server';
import { EResult } from 'beaconry/steam';
import { SignalLog } from '../signal-log.js';
import type { SharedPacket, SocketParty } from '../socket-party.js';
import { challengeIn } from './address-proof.js';
import { runGameServerCall } from './game-server-calls.js';
import { RuleView } from './rule-view.js';
import type { ListingPlace, ListingState } from './server-listing.js';

export interface InitValues {
  readonly appId: number;
  readonly version: string;
  readonly gamePort: number;
  readonly queryPort: number;
  readonly mode: number;
  readonly flags: number;
}

export interface HostedParts {
  readonly server: SteamGameServer;
  readonly state: GameServerState;
  readonly rules: ReadonlyMap<string, string>;
  readonly init: InitValues;
  /** IP of whoever made it, canonical. */
  readonly address: string;
  /** What is kept of its handle. */
  readonly handleHash: string;
  readonly clock: Clock;
}

interface Waiter {
  readonly signal: string;
  matches(data: unknown): boolean;
  resolve(data: unknown): void;
}

const SHARED = 65_535;

/** A game server that this process runs for a game in another one. */
export class HostedGameServer implements SocketParty {
  readonly signals = new SignalLog();
  readonly rules: RuleView;
  sockets = 0;
  lastUsed: number;
  /** Its place in the lists, and who is told that it proves its query port; set by whoever lists it. */
  listing:
    | {
        readonly state: ListingState;
        proves(challenge: number): void;
        moveTo(place: ListingPlace | undefined): void;
      }
    | undefined;
  /** Result of the last logon: 1, or why it failed; null while none came. */
  logonResult: EResult | null = null;
  readonly #shown = new Map<bigint, { readonly name: string; readonly score: number }>();
  readonly #waiters: Waiter[] = [];
  readonly #endListeners = new Set<() => void>();
  readonly #packetListeners = new Set<() => void>();
  #ended = false;

  constructor(private readonly parts: HostedParts) {
    this.lastUsed = parts.clock.monotonic();
    this.rules = new RuleView(parts.rules, parts.server);
    parts.server.onAnySignal((queued) => this.#heard(queued));
  }

  get server(): SteamGameServer {
    return this.parts.server;
  }
  get state(): GameServerState {
    return this.parts.state;
  }
  get init(): InitValues {
    return this.parts.init;
  }
  get address(): string {
    return this.parts.address;
  }
  get handleHash(): string {
    return this.parts.handleHash;
  }
  get isShared(): boolean {
    return this.parts.init.queryPort === SHARED;
  }
  /** Where it is listed and queried. */
  get listedPort(): number {
    return this.isShared ? this.parts.init.gamePort : this.parts.init.queryPort;
  }

  touch(): void {
    this.lastUsed = this.parts.clock.monotonic();
  }

  /** Delivers signals, and lets sockets send packets that wait. */
  pump(): void {
    if (this.server.signals.length > 0) this.server.runCallbacks();
    if (this.isShared) for (const listener of this.#packetListeners) listener();
  }

  /** The next signal that fits and that nobody else waits for; undefined when none comes in time. */
  nextSignal<N extends keyof SteamSignals>(
    signal: N,
    matches: (data: SteamSignals[N]) => boolean,
    timeout: number,
  ): Promise<SteamSignals[N] | undefined> {
    return new Promise((resolve) => {
      const cancel = this.parts.clock.after(timeout, () => settle(undefined));
      const settle = (data: unknown) => {
        cancel();
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
        resolve(data as SteamSignals[N] | undefined);
      };
      const waiter: Waiter = { signal, matches: (data) => matches(data as never), resolve: settle };
      this.#waiters.push(waiter);
    });
  }

  /** False when no such player is here. */
  showPlayer(steamId: bigint, shown: { readonly name?: string; readonly score?: number }): boolean {
    const next = { name: '', score: 0, ...this.#shown.get(steamId), ...shown };
    if (!this.server.updateUserData(steamId, next.name, next.score)) return false;
    this.#shown.set(steamId, next);
    return true;
  }

  shownAs(steamId: bigint): { readonly name: string; readonly score: number } {
    return this.#shown.get(steamId) ?? { name: '', score: 0 };
  }

  forgetPlayer(steamId: bigint): void {
    this.#shown.delete(steamId);
    this.server.endAuthSession(steamId);
  }

  call(name: string, args: unknown): unknown {
    return runGameServerCall(this, name, args);
  }

  /** A packet of the game's socket: whether it was one of ours. */
  handIn(bytes: Uint8Array, ip: string | number, port: number): boolean {
    const challenge = challengeIn(bytes);
    if (challenge === undefined) return this.server.handleIncomingPacket(bytes, ip, port).handled;
    this.listing?.proves(challenge);
    return this.listing !== undefined;
  }

  receive({ bytes, ip, port }: SharedPacket): void {
    this.handIn(bytes, ip, port);
    for (const listener of this.#packetListeners) listener();
  }

  nextPacket(): SharedPacket | undefined {
    const { length, out, address, port } = this.server.getNextOutgoingPacket();
    return length === 0 ? undefined : { bytes: out, ip: address, port };
  }

  onPackets(listener: () => void): () => void {
    this.#packetListeners.add(listener);
    return () => this.#packetListeners.delete(listener);
  }

  onEnd(listener: () => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /** Logs off and shuts down; its handle is worth nothing any more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.server.logOff();
    this.server.serverShutdown();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(undefined);
    for (const listener of this.#endListeners) listener();
  }

  #heard(queued: QueuedSignal): void {
    const { signal, data } = queued;
    if (signal === 'server_connected') this.logonResult = EResult.OK;
    if (signal === 'server_connect_failure' || signal === 'server_disconnected') {
      this.logonResult = queued.data.result;
    }
    this.signals.append(signal, data);
    this.#waiters.find((one) => one.signal === signal && one.matches(data))?.resolve(data);
  }
}
