import { type Clock, type Connection, DecodeError, type Logger, messageOf } from 'beaconry';
import { FrameDecoder } from '../vcmi-lobby/frame-codec.js';
import { decodeClientMessage, encodeMessage, HEARTBEAT } from './lobby-json-codec.js';
import type { LobbySession, Outcome } from './lobby-session.js';
import type { ProxyHalf } from './logins.js';
import type { ClientMessage, ServerMessage } from './message-schemas.js';
import type { Outlet } from './outlet.js';

export interface SocketOptions {
  /** Largest first frame; those of match servers list their mods. */
  readonly maxFrame: number;
  /** Bytes that may wait for somebody who does not read; beyond it the connection is cut. */
  readonly maxQueue: number;
}

/** Rates of one address. */
export interface MessageLimits {
  takeCommand(): boolean;
  takeChat(): boolean;
}

export interface SocketListener {
  /** It is no stranger any more. */
  loggedIn(): void;
  /** More bytes of its first frame have come than most strangers need. */
  isLarge(): void;
  /** The bytes that came behind the login are the game's. */
  becomesProxy(half: ProxyHalf, rest: Buffer): void;
  refused(): void;
}

/** After the login no message is near as large. */
const FRAME_AFTER_LOGIN = 16 * 1024;
/** A frame of a stranger above this size is one of a few. */
export const SMALL_FRAME = 4096;
/** How much may come while a message is being handled. */
const READ_AHEAD = 64 * 1024;
/** Lists wait when more than this is queued. */
const CONGESTED = 64 * 1024;
/** Lines of chat of one connection that may be on their way to the disk at once. */
const MOST_LINES = 64;
/** How long a connection that was too quick is not read. */
const WAIT_MS = 100;

/** A connection of a game client or a match server: frames in, one after the other, messages out. */
export class LobbySocket implements Outlet {
  readonly #frames: FrameDecoder;
  #session!: LobbySession;
  /** Decoded, and held back by the rate of its address. */
  #next: ClientMessage | 'none' | undefined;
  #isBusy = false;
  /** Lines of chat that are on their way to the disk. */
  #lines = 0;
  #wake: (() => void) | undefined;
  #isLeaving = false;

  constructor(
    readonly connection: Connection,
    private readonly clock: Pick<Clock, 'after'>,
    private readonly log: Pick<Logger, 'debug' | 'error'>,
    private readonly limits: MessageLimits,
    private readonly options: SocketOptions,
    private readonly listener: SocketListener,
  ) {
    this.#frames = new FrameDecoder(options.maxFrame, 'allowed');
  }

  begin(session: LobbySession): void {
    this.#session = session;
    this.connection.onData((chunk) => this.#read(chunk));
  }

  get isCongested(): boolean {
    return this.connection.pending > CONGESTED;
  }

  send(message: ServerMessage | Uint8Array): void {
    if (this.#isLeaving) return;
    // Whoever does not read is dropped; the others never wait for him. A list may be larger than the limit.
    if (this.connection.pending > this.options.maxQueue) {
      this.#isLeaving = true;
      // Later, because closing him now would change the list that is being written to.
      queueMicrotask(() => this.connection.destroy());
      return;
    }
    this.connection.writeLent([message instanceof Uint8Array ? message : encodeMessage(message)]);
  }

  /** Tells the other side that the lobby is alive, as the original does. */
  beat(): void {
    if (this.#session.isLoggedIn && !this.isCongested) this.send(HEARTBEAT);
  }

  close(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.connection.end();
  }

  /** The connection has closed. */
  gone(): void {
    this.#isLeaving = true;
    this.#wake?.();
    this.#session.gone();
  }

  #read(chunk: Buffer): void {
    if (this.#isLeaving) return;
    this.#frames.push(chunk);
    if (this.#isWaiting && this.#frames.buffered > READ_AHEAD) this.connection.pause();
    this.#work();
    if (this.#frames.buffered > SMALL_FRAME && !this.#session.isLoggedIn) this.listener.isLarge();
  }

  get #isWaiting(): boolean {
    return this.#isBusy || this.#lines > 0;
  }

  /** Works through what has come, until nothing complete is left, something takes time or the pace is exceeded. */
  #work(): void {
    if (this.#isBusy || this.#wake !== undefined) return;
    try {
      while (!this.#isLeaving && !this.#isBusy) {
        this.#next ??= this.#nextMessage();
        const message = this.#next;
        if (message === undefined) return;
        const isLine = this.#isGlobalLine(message);
        if (this.#lines >= (isLine ? MOST_LINES : 1)) return;
        if (!this.#mayRun(message)) {
          this.#wait();
          return;
        }
        this.#next = undefined;
        if (isLine) void this.#say(message);
        else if (message !== 'none') void this.#run(message);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#refuse();
    }
  }

  /** The next message; what is none and comes from a known sender is passed over, but costs as much as one. */
  #nextMessage(): ClientMessage | 'none' | undefined {
    for (;;) {
      const payload = this.#frames.next();
      if (payload === undefined) return undefined;
      if (payload.length === 0) continue;
      try {
        return decodeClientMessage(payload);
      } catch (error) {
        if (!(error instanceof DecodeError) || !this.#session.isLoggedIn) throw error;
        this.log.debug({ from: String(this.connection.from), why: error.message }, 'bad message');
        return 'none';
      }
    }
  }

  #mayRun(message: ClientMessage | 'none'): boolean {
    const isChat = message !== 'none' && message.type === 'sendChatMessage';
    return isChat ? this.limits.takeChat() : this.limits.takeCommand();
  }

  /**
   * Each line is on disk before anybody hears it, which takes a turn of the event loop; a line that waited for the one
   * before it would make the speed of everybody's chat depend on how long turns are. All of them go the same way, so
   * they stay in order. Everything else waits for them.
   */
  #isGlobalLine(message: ClientMessage | 'none'): message is ClientMessage {
    return (
      message !== 'none' &&
      message.type === 'sendChatMessage' &&
      message.channelType === 'global' &&
      this.#session.isLoggedIn
    );
  }

  async #say(line: ClientMessage): Promise<void> {
    this.#lines++;
    await this.#handle(line);
    this.#lines--;
    if (!this.#isLeaving) this.#goOn();
  }

  async #handle(message: ClientMessage): Promise<Outcome> {
    try {
      return await this.#session.handle(message);
    } catch (error) {
      // The store, most likely: what was asked for has not happened.
      this.log.error({ type: message.type, err: error }, `${message.type}: ${messageOf(error)}`);
      this.send({ type: 'operationFailed', reason: 'The server cannot do that now' });
      return 'go on';
    }
  }

  async #run(message: ClientMessage): Promise<void> {
    this.#isBusy = true;
    const wasLoggedIn = this.#session.isLoggedIn;
    const outcome = await this.#handle(message);
    this.#isBusy = false;
    if (this.#isLeaving) return;
    if (outcome === 'close') this.close();
    else if (outcome !== 'go on') {
      this.#isLeaving = true;
      this.listener.becomesProxy(outcome, this.#frames.rest());
    } else {
      if (!wasLoggedIn && this.#session.isLoggedIn) {
        this.#frames.limit = FRAME_AFTER_LOGIN;
        this.listener.loggedIn();
      }
      this.#goOn();
    }
  }

  #goOn(): void {
    this.#work();
    const isBehind = this.#isWaiting && this.#frames.buffered > READ_AHEAD;
    if (!isBehind && this.#wake === undefined && !this.#isLeaving) this.connection.resume();
  }

  /** Does not read for a while: the sender waits, nothing is lost and nothing piles up here. */
  #wait(): void {
    this.connection.pause();
    this.#wake = this.clock.after(WAIT_MS, () => {
      this.#wake = undefined;
      this.#goOn();
    });
  }

  #refuse(): void {
    this.listener.refused();
    this.close();
  }
}
