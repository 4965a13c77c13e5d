import { AddressLimit, type Clock, type Connection, type Logger } from 'beaconry';
import { FirstFrame } from './first-frame.js';
import type { FrameDecoder } from './frame-codec.js';
import type { GameTable, Seat } from './game-table.js';
import { encodeServerMessage } from './lobby-codec.js';
import { type CommandLimits, LobbyConnection } from './lobby-connection.js';
import type { LobbyEngine } from './lobby-engine.js';
import type { LobbyStatistics } from './lobby-statistics.js';
import type { UserAddress } from './lobby-user.js';
import type { PipeHandshake } from './pipe-codec.js';
import { PipeEnd } from './pipe-relay.js';
import { utf8 } from './text-encoding.js';

export interface LobbyServerOptions {
  /** Connections of one address that are no pipes; its commands a second; 0 is no limit. */
  readonly perAddressLimit: number;
  readonly maxFrame: number;
  readonly maxQueue: number;
  /** Connections without a login or a complete handshake; the oldest makes room. */
  readonly maxPending: number;
  /** Time to log in or to complete the handshake, in milliseconds. */
  readonly loginTimeout: number;
  /** Bytes kept for a partner who has not come yet. */
  readonly pipeEarlyLimit: number;
  /** A side that reads nothing for so long although bytes wait is cut off, in milliseconds. */
  readonly pipeStallTimeout: number;
}

/** Connections that were turned away. */
export interface LobbyCounters {
  /** Bad bytes, or a pipe that fits no game. */
  readonly refused: { value: number };
  /** Neither login nor handshake in time, or pushed out by newer ones. */
  readonly timedOut: { value: number };
  /** Too many from one address. */
  readonly overLimit: { value: number };
}

const NO_LIMITS: CommandLimits = {
  takeCommand: () => true,
  takeChat: () => true,
  takeWrongPassword: () => true,
};
const LIMIT_TABLE = 8192;

/** Takes the connections of the endpoint, tells users from pipes and keeps each within its limits. */
export class LobbyServer {
  /** Not logged in and no pipe yet, the oldest first, each with the (monotonic) time of its end. */
  readonly #pending = new Map<Connection, number>();
  readonly #pipes = new Set<PipeEnd>();
  readonly #perAddress = new Map<string, number>();
  readonly #commands: AddressLimit;
  readonly #chat: AddressLimit;
  readonly #wrongPasswords: AddressLimit;

  constructor(
    private readonly engine: LobbyEngine,
    private readonly games: GameTable<PipeEnd>,
    private readonly statistics: LobbyStatistics,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly counters: LobbyCounters,
    private readonly options: LobbyServerOptions,
  ) {
    const rate = options.perAddressLimit;
    const limit = (perSecond: number, burst: number) =>
      new AddressLimit(clock, { perSecond, burst, size: LIMIT_TABLE });
    this.#commands = limit(rate, rate * 8);
    this.#chat = limit(rate / 4, rate * 2);
    this.#wrongPasswords = limit(0.2, 5);
  }

  get pending(): number {
    return this.#pending.size;
  }
  get pipes(): number {
    return this.#pipes.size;
  }

  accept(connection: Connection): void {
    const address = addressOf(connection);
    const { host } = address;
    this.statistics.connected(host);
    const count = (this.#perAddress.get(host) ?? 0) + 1;
    const { perAddressLimit } = this.options;
    if (perAddressLimit > 0 && count > perAddressLimit) {
      this.counters.overLimit.value++;
      const text = 'Too many connections from your address';
      connection.write(utf8.encode(encodeServerMessage({ type: 'ERROR', text })));
      connection.end();
      return;
    }
    this.#perAddress.set(host, count);
    this.#makeRoom();
    this.#pending.set(connection, this.clock.monotonic() + this.options.loginTimeout);
    const leave = () => {
      this.#pending.delete(connection);
      this.#uncount(host);
    };
    connection.onClose(leave);
    new FirstFrame(connection, {
      lobby: (payload, frames) => this.#beginLobby(connection, address, payload, frames, leave),
      pipe: (handshake, bytes, rest) => {
        leave();
        this.#beginPipe(connection, handshake, bytes, rest);
      },
      refused: () => {
        this.counters.refused.value++;
        connection.end();
      },
    });
  }

  /** Ends what has taken too long; call it about once a second. */
  sweep(): void {
    const now = this.clock.monotonic();
    for (const [connection, until] of this.#pending) {
      if (until > now) break;
      this.#pending.delete(connection);
      this.counters.timedOut.value++;
      connection.destroy();
    }
    for (const end of this.#pipes) end.checkStall(now, this.options.pipeStallTimeout);
    this.games.sweep();
  }

  #beginLobby(
    connection: Connection,
    address: UserAddress,
    payload: Buffer,
    frames: FrameDecoder,
    leave: () => void,
  ): void {
    const lobby = new LobbyConnection(
      connection,
      address,
      frames,
      this.engine,
      this.options.perAddressLimit === 0 ? NO_LIMITS : this.#limitsOf(connection),
      this.clock,
      this.options,
      () => this.#pending.delete(connection),
    );
    connection.onClose(() => {
      leave();
      lobby.gone();
    });
    lobby.begin(payload);
  }

  #beginPipe(connection: Connection, handshake: PipeHandshake, bytes: Buffer, rest: Buffer): void {
    let seat: Seat<PipeEnd> | undefined;
    const end = new PipeEnd(connection, bytes, rest, this.options.pipeEarlyLimit, () => {
      this.#pipes.delete(end);
      if (seat !== undefined) this.games.leave(seat);
    });
    const arrival = this.games.arrive(handshake, end);
    if (arrival === undefined) {
      this.counters.refused.value++;
      this.log.debug({ role: handshake.role, from: String(connection.from) }, 'pipe refused');
      connection.onData(() => {});
      connection.end();
      return;
    }
    seat = arrival.seat;
    this.#pipes.add(end);
    if (arrival.partner === undefined) return;
    this.statistics.connections++;
    PipeEnd.join(end, arrival.partner.end);
  }

  #limitsOf({ from }: Connection): CommandLimits {
    return {
      takeCommand: () => this.#commands.take(from),
      takeChat: () => this.#chat.take(from),
      takeWrongPassword: () => this.#wrongPasswords.take(from),
    };
  }

  #makeRoom(): void {
    if (this.#pending.size < this.options.maxPending) return;
    const [oldest] = this.#pending.keys();
    if (oldest === undefined) return;
    this.#pending.delete(oldest);
    this.counters.timedOut.value++;
    oldest.destroy();
  }

  #uncount(host: string): void {
    const left = (this.#perAddress.get(host) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(host, left);
    else this.#perAddress.delete(host);
  }
}

function addressOf({ from }: Connection): UserAddress {
  const isLoopback = from.isIPv4
    ? from.d >>> 24 === 127
    : from.a === 0 && from.b === 0 && from.c === 0 && from.d === 1;
  return { host: from.host, isLoopback };
}
