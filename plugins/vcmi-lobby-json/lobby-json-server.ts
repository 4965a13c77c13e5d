import {
  AddressLimit,
  type Clock,
  type Connection,
  type Logger,
  PartyCount,
  PrefixLimit,
} from 'beaconry';
import { EarlyBytes, PipeEnd } from 'beaconry/plugins/vcmi-lobby';
import { encodeMessage } from './lobby-json-codec.js';
import { LobbySession, type SessionLimits, type SessionParts } from './lobby-session.js';
import { LobbySocket, type MessageLimits, type SocketOptions } from './lobby-socket.js';
import type { ProxyHalf } from './logins.js';
import type { WaitingProxies } from './waiting-proxies.js';

export interface LobbyJsonServerOptions extends SocketOptions {
  /** Connections of one address that are no proxies; its messages a second; 0 is no limit. */
  readonly perAddressLimit: number;
  /** Connections that have not logged in; the oldest makes room. */
  readonly maxPending: number;
  /** Time to log in, in milliseconds. */
  readonly loginTimeout: number;
  /** Proxies of one address; 0 is no limit. */
  readonly proxiesPerAddress: number;
  /** Bytes kept of a match server whose guest has not come yet, and of all such servers together. */
  readonly earlyLimit: number;
  readonly earlyTotal: number;
  /** A side that reads nothing for so long although bytes wait is cut off, in milliseconds. */
  readonly stallTimeout: number;
}

/** Connections that were turned away. */
export interface LobbyJsonCounters {
  /** Bad bytes, or a proxy that fits no guest. */
  readonly refused: { value: number };
  /** No login in time, or pushed out by newer ones. */
  readonly timedOut: { value: number };
  /** Too many from one address. */
  readonly overLimit: { value: number };
}

const NO_LIMITS: SessionLimits & MessageLimits = {
  takeCommand: () => true,
  takeChat: () => true,
  takeAccount: () => true,
  takeRoom: () => true,
  takeConversation: () => true,
};
const INVALID = encodeMessage({ type: 'operationFailed', reason: 'Invalid credentials' });
const LIMIT_TABLE = 8192;
/** Strangers whose first frame is larger than usual; the oldest makes room. */
const MAX_LARGE = 64;

/** Takes the connections of the endpoint and keeps each within its limits. */
export class LobbyJsonServer {
  /** Not logged in, the oldest first, each with the (monotonic) time of its end. */
  readonly #pending = new Map<Connection, number>();
  readonly #large = new Set<Connection>();
  readonly #sockets = new Set<LobbySocket>();
  readonly #proxies = new Set<PipeEnd>();
  readonly #strangers: PartyCount;
  readonly #proxiesOf: PartyCount;
  readonly #early: EarlyBytes;
  readonly #commands: AddressLimit;
  readonly #chat: AddressLimit;
  readonly #conversations: AddressLimit;
  readonly #rooms: AddressLimit;
  readonly #accounts: PrefixLimit;

  constructor(
    private readonly parts: SessionParts,
    private readonly waiting: WaitingProxies<PipeEnd>,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly counters: LobbyJsonCounters,
    private readonly options: LobbyJsonServerOptions,
  ) {
    const rate = options.perAddressLimit;
    this.#strangers = new PartyCount(rate);
    this.#proxiesOf = new PartyCount(options.proxiesPerAddress);
    this.#early = new EarlyBytes(options.earlyLimit, options.earlyTotal);
    const limit = (perSecond: number, burst: number) =>
      new AddressLimit(clock, { perSecond, burst, size: LIMIT_TABLE });
    this.#commands = limit(rate, rate * 8);
    this.#chat = limit(rate / 4, rate * 2);
    this.#conversations = limit(1 / 60, 20);
    this.#rooms = limit(1 / 20, 20);
    this.#accounts = new PrefixLimit(clock, { perSecond: 1 / 30, burst: 20, size: LIMIT_TABLE });
  }

  get pending(): number {
    return this.#pending.size;
  }
  get proxies(): number {
    return this.#proxies.size;
  }

  accept(connection: Connection): void {
    const { party } = connection.from;
    const { perAddressLimit, loginTimeout } = this.options;
    const release = this.#strangers.take(party);
    if (release === undefined) {
      this.counters.overLimit.value++;
      connection.destroy();
      return;
    }
    this.#makeRoom();
    this.#pending.set(connection, this.clock.monotonic() + loginTimeout);
    const settle = () => {
      this.#pending.delete(connection);
      this.#large.delete(connection);
    };
    const limits = perAddressLimit === 0 ? NO_LIMITS : this.#limitsOf(connection);
    const socket = new LobbySocket(connection, this.clock, this.log, limits, this.options, {
      loggedIn: settle,
      isLarge: () => this.#admitLarge(connection),
      refused: () => {
        this.counters.refused.value++;
      },
      becomesProxy: (half, rest) => {
        leave();
        this.#beginProxy(connection, half, rest);
      },
    });
    const leave = () => {
      settle();
      this.#sockets.delete(socket);
      release();
    };
    this.#sockets.add(socket);
    connection.onClose(() => {
      leave();
      socket.gone();
    });
    socket.begin(new LobbySession(this.parts, { outlet: socket, address: party }, limits));
  }

  /** Ends what has taken too long; call it about once a second. */
  sweep(): void {
    const now = this.clock.monotonic();
    for (const [connection, until] of this.#pending) {
      if (until > now) break;
      this.#drop(connection);
    }
    for (const end of this.#proxies) end.checkStall(now, this.options.stallTimeout);
    this.waiting.sweep();
  }

  /** A heartbeat to everybody who is logged in. */
  beat(): void {
    for (const socket of this.#sockets) socket.beat();
  }

  /**
   * COMPAT: the original cuts the stream into frames again and keeps heartbeats back. Here the bytes go on as they
   * came: a heartbeat of one side is as good as one of the lobby to the other.
   */
  #beginProxy(connection: Connection, half: ProxyHalf, rest: Buffer): void {
    const { role, roomID, guestID } = half;
    const { party } = connection.from;
    const release = this.#proxiesOf.take(party);
    if (release === undefined) {
      this.counters.overLimit.value++;
      connection.destroy();
      return;
    }
    const host = role === 'client' ? this.waiting.take(roomID, guestID) : undefined;
    const end = new PipeEnd(connection, Buffer.alloc(0), rest, this.#early, {
      left: () => this.waiting.remove(end),
      gone: () => {
        this.#proxies.delete(end);
        release();
      },
    });
    this.#proxies.add(end);
    if (host !== undefined) PipeEnd.join(host, end);
    else if (role === 'server') {
      this.waiting.add(roomID, guestID, end);
      half.announce?.();
    } else {
      this.counters.refused.value++;
      connection.write(INVALID);
      end.leave();
    }
  }

  #admitLarge(connection: Connection): void {
    this.#large.add(connection);
    const [oldest] = this.#large;
    if (this.#large.size > MAX_LARGE && oldest !== undefined) this.#drop(oldest);
  }

  #makeRoom(): void {
    const [oldest] = this.#pending.keys();
    if (this.#pending.size >= this.options.maxPending && oldest !== undefined) this.#drop(oldest);
  }

  #drop(connection: Connection): void {
    this.#pending.delete(connection);
    this.#large.delete(connection);
    this.counters.timedOut.value++;
    connection.destroy();
  }

  #limitsOf({ from }: Connection): SessionLimits & MessageLimits {
    return {
      takeCommand: () => this.#commands.take(from),
      takeChat: () => this.#chat.take(from),
      takeAccount: () => this.#accounts.take(from),
      takeRoom: () => this.#rooms.take(from),
      takeConversation: () => this.#conversations.take(from),
    };
  }
}
