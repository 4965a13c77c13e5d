import { AddressLimit, type Clock, type Connection, type Logger, PartyCount } from 'beaconry';
import { MAX_CHAT } from './chat-commands.js';
import { EarlyBytes } from './early-bytes.js';
import { FirstFrame } from './first-frame.js';
import type { FrameDecoder } from './frame-codec.js';
import type { GameTable, Seat } from './game-table.js';
import { type CommandLimits, LobbyConnection } from './lobby-connection.js';
import type { LobbyEngine } from './lobby-engine.js';
import type { LobbyStatistics } from './lobby-statistics.js';
import type { UserAddress } from './lobby-user.js';
import type { PipeHandshake } from './pipe-codec.js';
import { PipeEnd } from './pipe-relay.js';
import { encodeServerMessage } from './server-message.js';
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
  /** Pipes of one address; 0 is no limit. */
  readonly pipesPerAddress: number;
  /** Bytes kept for a partner who has not come yet, and for all such partners together. */
  readonly pipeEarlyLimit: number;
  readonly pipeEarlyTotal: number;
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
/** Seconds of commands, and half seconds of chat, that may come at once. */
const COMMAND_BURST = 8;
const CHAT_BURST = 2;
/** Characters that cost as much as one more command or line. */
const COMMAND_UNIT = 512;
const CHAT_UNIT = 256;
/** How long somebody who is refused may take to read why. */
const REFUSAL_GRACE_MS = 250;

/** Takes the connections of the endpoint, tells users from pipes and keeps each within its limits. */
export class LobbyServer {
  /** Not logged in and no pipe yet, the oldest first, each with the (monotonic) time of its end. */
  readonly #pending = new Map<Connection, number>();
  readonly #pipes = new Set<PipeEnd>();
  readonly #strangers: PartyCount;
  readonly #pipesOf: PartyCount;
  readonly #early: EarlyBytes;
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
    this.#strangers = new PartyCount(rate);
    this.#pipesOf = new PartyCount(options.pipesPerAddress);
    this.#early = new EarlyBytes(options.pipeEarlyLimit, options.pipeEarlyTotal);
    const limit = (perSecond: number, burst: number) =>
      new AddressLimit(clock, { perSecond, burst, size: LIMIT_TABLE });
    this.#commands = limit(rate, rate * COMMAND_BURST);
    this.#chat = limit(rate / 4, rate * CHAT_BURST);
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
    const { party } = address;
    this.statistics.connected(party);
    const release = this.#strangers.take(party);
    if (release === undefined) {
      this.counters.overLimit.value++;
      const text = 'Too many connections from your address';
      connection.write(utf8.encode(encodeServerMessage({ type: 'ERROR', text })));
      connection.end(REFUSAL_GRACE_MS);
      return;
    }
    this.#makeRoom();
    this.#pending.set(connection, this.clock.monotonic() + this.options.loginTimeout);
    const leave = () => {
      this.#pending.delete(connection);
      release();
    };
    connection.onClose(leave);
    new FirstFrame(connection, {
      lobby: (payload, frames) => this.#beginLobby(connection, address, payload, frames, leave),
      pipe: (handshake, bytes, rest) => {
        // Whom no game takes counts as a stranger until it has closed.
        if (this.#beginPipe(connection, party, handshake, bytes, rest)) leave();
        else connection.onClose(leave);
      },
      refused: () => {
        this.counters.refused.value++;
        connection.end(REFUSAL_GRACE_MS);
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

  /** False when the connection was refused. */
  #beginPipe(
    connection: Connection,
    party: string,
    handshake: PipeHandshake,
    bytes: Buffer,
    rest: Buffer,
  ): boolean {
    const refuse = (counter: { value: number }): false => {
      counter.value++;
      this.log.debug({ role: handshake.role, from: String(connection.from) }, 'pipe refused');
      connection.onData(() => {});
      connection.end(REFUSAL_GRACE_MS);
      return false;
    };
    if (!this.games.admits(handshake)) return refuse(this.counters.refused);
    const release = this.#pipesOf.take(party);
    if (release === undefined) return refuse(this.counters.overLimit);
    let seat: Seat<PipeEnd> | undefined;
    const end = new PipeEnd(connection, bytes, rest, this.#early, {
      left: () => {
        if (seat !== undefined) this.games.leave(seat);
      },
      gone: () => {
        this.#pipes.delete(end);
        release();
      },
    });
    this.#pipes.add(end);
    const arrival = end.hasEnded ? undefined : this.games.arrive(handshake, end);
    seat = arrival?.seat;
    if (arrival?.partner !== undefined) {
      this.statistics.connections++;
      PipeEnd.join(end, arrival.partner.end);
    }
    return true;
  }

  /** What is long costs more, since others may get all of it. */
  #limitsOf({ from }: Connection): CommandLimits {
    const rate = this.options.perAddressLimit;
    const cost = (length: number, unit: number, most: number) =>
      Math.min(most, 1 + Math.floor(length / unit));
    return {
      takeCommand: (length) =>
        this.#commands.take(from, cost(length, COMMAND_UNIT, rate * COMMAND_BURST)),
      takeChat: (length) =>
        this.#chat.take(from, cost(Math.min(length, MAX_CHAT), CHAT_UNIT, rate * CHAT_BURST)),
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
}

function addressOf({ from }: Connection): UserAddress {
  const isLoopback = from.isIPv4
    ? from.d >>> 24 === 127
    : from.a === 0 && from.b === 0 && from.c === 0 && from.d === 1;
  return { party: from.party, isLoopback };
}
