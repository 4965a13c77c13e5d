import { type Clock, SystemClock } from '../clock.js';
import type { RedisClient } from './redis-library.js';
import { RedisTime } from './redis-time.js';

const interval = 500;
/** Without an answer for so long nothing more is sent: it would only lie in buffers. */
const silence = 1000;
/** Without an answer for so long the connection is given up, since its other end may be gone. */
const hopeless = 5000;

export interface PulseParts {
  /** Follows the time of the server when it is a {@link RedisTime}. */
  readonly time: Pick<Clock, 'now'>;
  client(): RedisClient;
  /** Raised whenever the connection was lost. */
  generation(): number;
}

/** Asks the server for its time twice a second: that it answers shows that it lives. */
export class RedisPulse {
  #sent: number | undefined;
  /** The connection lives in real time, whatever clock entries end by. */
  readonly #clock = new SystemClock();

  constructor(private readonly parts: PulseParts) {}

  get isSilent(): boolean {
    return this.#sent !== undefined && this.#clock.monotonic() - this.#sent > silence;
  }

  /** Calls `due` whenever a beat is; the result ends it. */
  start(due: () => void): () => void {
    return this.#clock.every(interval, due);
  }

  /** The connection is another one: what was not answered does not count. */
  calm(): void {
    this.#sent = undefined;
  }

  async measure(): Promise<void> {
    const { time } = this.parts;
    const sent = this.#clock.monotonic();
    const answer = (await this.parts.client().time()) as unknown as [string, string];
    if (time instanceof RedisTime) time.measured(answer, sent, this.#clock.monotonic());
  }

  async beat(): Promise<void> {
    if (this.#sent !== undefined) {
      if (this.#clock.monotonic() - this.#sent > hopeless) {
        this.#sent = undefined;
        this.parts.client().disconnect(true);
      }
      return;
    }
    const sent = this.#clock.monotonic();
    this.#sent = sent;
    const generation = this.parts.generation();
    try {
      await this.measure();
      this.#sent = undefined;
    } catch {
      // Not answered yet; a later beat of the same connection shows whether it lives again.
      const isSame = this.parts.generation() === generation;
      if (isSame && this.#sent === sent) void this.#waitForLife(sent);
    }
  }

  /** After a beat that was given up: an answer to another one shows that the server lives. */
  async #waitForLife(sent: number): Promise<void> {
    try {
      await this.measure();
      if (this.#sent === sent) this.#sent = undefined;
    } catch {
      // The interval decides when it is hopeless.
    }
  }
}
