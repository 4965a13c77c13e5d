import { type Clock, type Connection, DecodeError } from 'beaconry';
import type { FrameDecoder } from './frame-codec.js';
import { decodeCommands, decodeGreeting, type LobbyCommand } from './lobby-codec.js';
import type { LobbyEngine } from './lobby-engine.js';
import type { LobbyUser, Outlet, UserAddress } from './lobby-user.js';
import { encodeServerMessage } from './server-message.js';
import { utf8 } from './text-encoding.js';

/** Rates of one address, or no limit at all. */
export interface CommandLimits {
  /** For a command with a value of that length. */
  takeCommand(length: number): boolean;
  takeChat(length: number): boolean;
  takeWrongPassword(): boolean;
}

export interface LobbyConnectionOptions {
  /** Largest frame of a user, in bytes. */
  readonly maxFrame: number;
  /** Bytes that may wait for a user who does not read; beyond it he is dropped. */
  readonly maxQueue: number;
}

/** How long a connection that was too quick is not read. */
const COMMAND_WAIT_MS = 100;
const WRONG_PASSWORD_WAIT_MS = 1000;

/** A connection of a launcher: frames in, messages out, at the pace its address is entitled to. */
export class LobbyConnection implements Outlet {
  #user: LobbyUser | undefined;
  #commands: LobbyCommand[] = [];
  #next = 0;
  #wake: (() => void) | undefined;
  #leaving = false;

  constructor(
    private readonly connection: Connection,
    private readonly address: UserAddress,
    private readonly frames: FrameDecoder,
    private readonly engine: LobbyEngine,
    private readonly limits: CommandLimits,
    private readonly clock: Pick<Clock, 'after'>,
    private readonly options: LobbyConnectionOptions,
    /** Called when the user has logged in. */
    private readonly onLogin: () => void,
  ) {}

  /** Takes the connection over with its first frame. */
  begin(payload: Buffer): void {
    this.connection.onData((chunk) => {
      if (this.#leaving) return;
      this.frames.push(chunk);
      this.#work();
    });
    const user = this.#greet(payload);
    if (typeof user === 'string') {
      this.write(utf8.encode(encodeServerMessage({ type: 'ERROR', text: user })));
      this.close();
      return;
    }
    this.#work();
  }

  #greet(payload: Buffer): LobbyUser | string {
    try {
      const greeting = decodeGreeting(payload);
      const user = this.engine.greet(greeting, this.address, this);
      if (typeof user === 'string') return user;
      this.#user = user;
      this.frames.limit = this.options.maxFrame;
      this.#commands = decodeCommands(user.encoding.decode(greeting.text));
      return user;
    } catch (error) {
      if (error instanceof DecodeError) return 'Protocol error';
      throw error;
    }
  }

  /** The connection has gone: the user leaves the lobby. */
  gone(): void {
    this.#leaving = true;
    this.#wake?.();
    if (this.#user !== undefined) this.engine.disconnect(this.#user);
  }

  write(bytes: Buffer): void {
    if (this.#leaving) return;
    this.connection.writeLent([bytes]);
    // Whoever does not read is dropped; the others never wait for him.
    if (this.connection.pending > this.options.maxQueue) {
      this.#leaving = true;
      // Later, because closing him now would change the list that is being written to.
      queueMicrotask(() => this.connection.destroy());
    }
  }

  close(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.connection.end();
  }

  /** Works through what has come, until nothing complete is left or the pace is exceeded. */
  #work(): void {
    const user = this.#user;
    if (user === undefined || this.#wake !== undefined) return;
    try {
      while (!this.#leaving) {
        const command = this.#commands[this.#next];
        if (command !== undefined) {
          if (!this.#mayRun(command)) {
            this.#wait(COMMAND_WAIT_MS);
            return;
          }
          this.#next++;
          if (this.#run(user, command)) return;
        } else if (!this.#nextFrame(user)) return;
        else if (this.#commands.length === 0 && !this.limits.takeCommand(this.options.maxFrame)) {
          // Looking through a frame for commands costs something too, also when there are none.
          this.#wait(COMMAND_WAIT_MS);
          return;
        }
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#leaving = true;
      this.connection.end();
    }
  }

  #nextFrame(user: LobbyUser): boolean {
    const payload = this.frames.next();
    if (payload === undefined) return false;
    this.engine.heard(user);
    this.#commands = decodeCommands(user.encoding.decode(payload));
    this.#next = 0;
    return true;
  }

  #mayRun({ tag, value }: LobbyCommand): boolean {
    const { limits } = this;
    return tag === 'MSG' ? limits.takeChat(value.length) : limits.takeCommand(value.length);
  }

  /** True when this connection has to wait before it goes on. */
  #run(user: LobbyUser, command: LobbyCommand): boolean {
    const outcome = this.engine.handle(user, command);
    if (command.tag === 'GREETINGS' && user.isLoggedIn) this.onLogin();
    if (outcome === 'go on') return false;
    this.#commands = [];
    this.#next = 0;
    if (outcome === 'close') this.close();
    if (outcome !== 'wrong password' || this.limits.takeWrongPassword()) return false;
    this.#wait(WRONG_PASSWORD_WAIT_MS);
    return true;
  }

  /** Does not read for a while: the sender waits, nothing is lost and nothing piles up here. */
  #wait(ms: number): void {
    this.connection.pause();
    const cancel = this.clock.after(ms, () => {
      this.#wake = undefined;
      this.#work();
      if (this.#wake === undefined) this.connection.resume();
    });
    this.#wake = cancel;
  }
}
