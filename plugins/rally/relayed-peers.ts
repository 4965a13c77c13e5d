import { type Clock, messageOf } from 'beaconry';
import {
  type Connection,
  ConnectionState,
  type OpenAgentSocket,
  openUdpSocket,
  PeerAgent,
  type PlayerNetwork,
  SignalingClient,
} from 'beaconry/relay-agent';
import type { PeerSessions } from './public.js';
import type { Ahead } from './rally-messages.js';

export interface RelayedPeersOptions {
  readonly clock: Clock;
  readonly network: Pick<PlayerNetwork, 'trusted' | 'credentials'>;
  readonly signaling: { readonly host: string; readonly port: number };
  readonly appId: number;
  readonly steamId: bigint;
  readonly token?: string;
  /** Who may follow and be followed: the drivers of the entry list. */
  readonly entered: ReadonlySet<bigint>;
  readonly openSocket?: OpenAgentSocket;
  /** A session to a car ahead was not opened or broke; it is tried again by itself. */
  readonly onFailure?: (steamId: bigint, why: string) => void;
}

interface Followed {
  readonly steamId: bigint;
  connection: Connection | undefined;
  opening: boolean;
  /** Monotonic milliseconds of the next try. */
  tryAt: number;
  pause: number;
  openedAt: number | undefined;
  /** Datagrams of one second, to break off with who floods. */
  second: number;
  count: number;
}

/** Virtual port of positions. */
const PORT = 1;
/** A server that names cars at will must not make us call the whole network. */
const MOST_FOLLOWED = 2;
/** Two follow each car; the others leave when they are told of other cars, or break off. */
const MAX_FOLLOWERS = 8;
/** Between two positions to those who follow. */
const TELL_INTERVAL = 90;
const CHECK_INTERVAL = 250;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** A session that stood so long was a good one: the next try comes soon again. */
const GOOD_SESSION = 10_000;
/** Datagrams of one car ahead in a second, several times what it should send: more ends the session. */
const MOST_PER_SECOND = 100;
const REPLACED = 1_100;
const NO_MORE_AHEAD = 1_101;
const TOO_MUCH = 1_102;

const identityOf = (steamId: bigint) => `steamid:${steamId}`;
const steamIdOf = (identity: string): bigint | undefined => {
  const digits = /^steamid:(\d{1,20})$/.exec(identity)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
};

/**
 * Sessions between drivers over the datagram relay: to the cars ahead, whose positions are heard, and from those who
 * follow, who are told ours. Nobody learns the other's address, whatever the network allows.
 */
export class RelayedPeers implements PeerSessions {
  onPosition: PeerSessions['onPosition'];
  readonly #agent: PeerAgent;
  readonly #signaling: SignalingClient;
  #followed: Followed[] = [];
  readonly #followers = new Map<string, Connection>();
  #told = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;

  private constructor(private readonly options: RelayedPeersOptions) {
    const { clock, network, signaling, appId, steamId, token } = options;
    const identity = identityOf(steamId);
    this.#signaling = new SignalingClient({
      ...{ clock, ...signaling, identity },
      token: () => token,
      onSignal: (from, payload) => this.#agent.signaled(from, payload),
    });
    this.#agent = new PeerAgent({
      ...{ clock, identity, appId, network: network.trusted, credentials: network.credentials },
      openSocket: options.openSocket ?? openUdpSocket,
      signal: (to, payload) => this.#signaling.signal(to, payload),
      ports: [PORT],
      allowDirect: false,
      accept: (connection) => this.#accept(connection),
    });
  }

  /** Refusals of the coordinator are ServerErrors with its code. */
  static async open(options: RelayedPeersOptions): Promise<RelayedPeers> {
    const peers = new RelayedPeers(options);
    await peers.#agent.start();
    peers.#signaling.start();
    peers.#stopTimer = options.clock.every(CHECK_INTERVAL, () => peers.#check());
    return peers;
  }

  /** SteamIDs of cars ahead with an open session, and how many follow. */
  get state(): { readonly open: readonly bigint[]; readonly followers: number } {
    const open = this.#followed.filter(
      ({ connection }) => connection?.state === ConnectionState.connected,
    );
    return { open: open.map(({ steamId }) => steamId), followers: this.#followers.size };
  }

  follow(ahead: readonly Ahead[]): void {
    const { entered } = this.options;
    const named = ahead.map(({ steamId }) => steamId).filter((steamId) => entered.has(steamId));
    const wanted = new Set(named.slice(0, MOST_FOLLOWED));
    const kept = this.#followed.filter(({ steamId }) => wanted.delete(steamId));
    const gone = this.#followed.filter((one) => !kept.includes(one));
    const never = Number.NEGATIVE_INFINITY;
    this.#followed = kept;
    for (const { connection } of gone) connection?.close(NO_MORE_AHEAD, 'no more ahead');
    for (const steamId of wanted) {
      const closed = { connection: undefined, opening: false, tryAt: never, pause: FIRST_PAUSE };
      this.#followed.push({ steamId, ...closed, openedAt: undefined, second: 0, count: 0 });
    }
  }

  tell(bytes: Uint8Array): void {
    if (this.#followers.size === 0) return;
    const now = this.options.clock.monotonic();
    if (now - this.#told < TELL_INTERVAL) return;
    this.#told = now;
    for (const connection of this.#followers.values()) connection.send(PORT, bytes);
  }

  async close(): Promise<void> {
    this.#stopTimer?.();
    this.#followed = [];
    this.#followers.clear();
    await this.#agent.close();
    this.#signaling.close();
  }

  #accept(connection: Connection): boolean {
    const { remote } = connection.facts;
    const steamId = steamIdOf(remote);
    if (steamId === undefined || !this.options.entered.has(steamId)) return false;
    const before = this.#followers.get(remote);
    if (before === undefined && this.#followers.size >= MAX_FOLLOWERS) return false;
    this.#followers.set(remote, connection);
    before?.close(REPLACED, 'a newer session took its place');
    const said = () => connection.close(TOO_MUCH, 'who follows has nothing to say');
    connection.listener = {
      onDatagram: said,
      onMessage: said,
      onState: (state) => {
        if (state <= ConnectionState.connected) return;
        if (this.#followers.get(remote) === connection) this.#followers.delete(remote);
      },
    };
    return true;
  }

  #check(): void {
    const now = this.options.clock.monotonic();
    for (const followed of this.#followed) {
      if (followed.connection !== undefined || followed.opening || now < followed.tryAt) continue;
      followed.opening = true;
      void this.#open(followed);
      // One at a time, however fast the cars ahead change.
      return;
    }
  }

  async #open(followed: Followed): Promise<void> {
    const { steamId } = followed;
    try {
      const connection = await this.#agent.connect(identityOf(steamId), [PORT]);
      if (!this.#followed.includes(followed)) {
        connection.close(NO_MORE_AHEAD, 'no more ahead');
        return;
      }
      followed.connection = connection;
      connection.listener = {
        onDatagram: (_port, bytes) => this.#heard(followed, connection, bytes),
        onMessage: () => connection.close(TOO_MUCH, 'only positions are heard'),
        onState: (state) => {
          if (state === ConnectionState.connected)
            followed.openedAt = this.options.clock.monotonic();
          else if (state > ConnectionState.connected) this.#ended(followed, connection.endText);
        },
      };
    } catch (error) {
      this.#ended(followed, messageOf(error));
    } finally {
      followed.opening = false;
    }
  }

  #heard(followed: Followed, connection: Connection, bytes: Uint8Array): void {
    const second = Math.floor(this.options.clock.monotonic() / 1000);
    if (second !== followed.second) {
      followed.second = second;
      followed.count = 0;
    }
    if (++followed.count <= MOST_PER_SECOND) this.onPosition?.(followed.steamId, bytes);
    else connection.close(TOO_MUCH, `more than ${MOST_PER_SECOND} datagrams in a second`);
  }

  #ended(followed: Followed, why: string): void {
    const { clock, onFailure } = this.options;
    const now = clock.monotonic();
    if (now - (followed.openedAt ?? now) > GOOD_SESSION) followed.pause = FIRST_PAUSE;
    followed.connection = undefined;
    followed.openedAt = undefined;
    followed.tryAt = now + followed.pause;
    followed.pause = Math.min(LONGEST_PAUSE, followed.pause * 2);
    if (this.#followed.includes(followed)) onFailure?.(followed.steamId, why);
  }
}
