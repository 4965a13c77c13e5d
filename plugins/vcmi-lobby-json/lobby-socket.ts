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
/** How long a connection that was too quick is not read. */
const WAIT_MS = 100;

/** A connection of a game client or a match server: frames in, one after the other, messages out. */
export class LobbySocket implements Outlet {
  readonly #frames: FrameDecoder;
  #session!: LobbySession;
  /** Decoded, and held back by the rate of its address. */
  #next: ClientMessage | undefined;
  #isBusy = false;
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
    if (this.#isBusy && this.#frames.buffered > READ_AHEAD) this.connection.pause();
    this.#work();
    if (this.#frames.buffered > SMALL_FRAME && !this.#session.isLoggedIn) this.listener.isLarge();
  }

  /** Works through what has come, until nothing complete is left, something takes time or the pace is exceeded. */
  #work(): void {
    if (this.#isBusy || this.#wake !== undefined) return;
    try {
      while (!this.#isLeaving && !this.#isBusy) {
        this.#next ??= this.#nextMessage();
        if (this.#next === undefined) return;
        if (!this.#mayRun(this.#next)) {
          this.#wait();
          return;
        }
        const message = this.#next;
        this.#next = undefined;
        void this.#run(message);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#refuse();
    }
  }

  /** The next message that is one; those of known senders that are none are passed over. */
  #nextMessage(): ClientMessage | undefined {
    for (;;) {
      const payload = this.#frames.next();
      if (payload === undefined) return undefined;
      if (payload.length === 0) continue;
      try {
        return decodeClientMessage(payload);
      } catch (error) {
        if (!(error instanceof DecodeError) || !this.#session.isLoggedIn) throw error;
        this.log.debug({ from: String(this.connection.from), why: error.message }, 'bad message');
        // What is no message costs its sender as much as one.
        this.limits.takeCommand();
      }
    }
  }

  #mayRun({ type }: ClientMessage): boolean {
    return type === 'sendChatMessage' ? this.limits.takeChat() : this.limits.takeCommand();
  }

  async #run(message: ClientMessage): Promise<void> {
    this.#isBusy = true;
    const wasLoggedIn = this.#session.isLoggedIn;
    let outcome: Outcome;
    try {
      outcome = await this.#session.handle(message);
    } catch (error) {
      // The store, most likely: what was asked for has not happened.
      this.log.error({ type: message.type, err: error }, `${message.type}: ${messageOf(error)}`);
      this.send({ type: 'operationFailed', reason: 'The server cannot do that now' });
      outcome = 'go on';
    }
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
    if (!this.#isBusy && this.#wake === undefined && !this.#isLeaving) this.connection.resume();
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
