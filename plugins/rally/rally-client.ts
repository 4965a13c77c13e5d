import { DecodeError } from 'beaconry';
import type { CarsAhead } from './cars-ahead.js';
import { encodeClient } from './client-message-codec.js';
import { encodePeerPosition } from './peer-position-codec.js';
import type { PeerSessions } from './public.js';
import { type Ahead, type Orders, PROTOCOL, type ServerMessage } from './rally-messages.js';
import { decodeServer } from './server-message-codec.js';

const RETRY = 500;
const CLOCK_INTERVAL = 2_000;
/** Refusals of a join that pass by themselves: the one before is silent for too short a time, or the server begins. */
const PASSING = new Set(['already-connected', 'not-ready']);
/** Between two joins after such a refusal. */
const PATIENCE = 2_000;

export interface RallyClientOptions {
  readonly number: number;
  readonly steamId: bigint;
  readonly carsHash: string;
  /** Hashes of the roadbooks that this driver has, the one of the first stage first. */
  readonly roadbookHashes: readonly string[];
  readonly gameVersion: string;
  readonly password: string;
  readonly ticket: Uint8Array;
  send(bytes: Uint8Array): void;
  /** Monotonic milliseconds. */
  now(): number;
  /** Gets to know of the cars ahead what the server says, and with `peers` what their drivers say. */
  readonly ahead?: CarsAhead;
  readonly peers?: PeerSessions;
  refused?(reason: string, expected: string): void;
}

/** A driver's side of the protocol without I/O: `receive` datagrams, `tick` often, read `orders`. */
export class RallyClient {
  orders: Orders | undefined;
  session: number | undefined;
  /** A join that was refused for a reason that trying again does not mend. */
  refusal: string | undefined;
  /** Result of the last acknowledged passage. */
  acknowledged: { readonly control: number; readonly elapsed: number } | undefined;
  /** A control whose passage was stated too late to be believed: what counts there is the time of a new statement. */
  tooLate: number | undefined;
  #cookie: number | undefined;
  #roadbookHash: string;
  #tried = -Infinity;
  #asked = -Infinity;
  #offset = 0;
  #bestRoundTrip = Infinity;
  #timeScale = 1;
  #sequence = 0;
  #waiting:
    | {
        readonly bytes: Uint8Array;
        readonly sequence: number;
        readonly control: number;
        sent: number;
      }
    | undefined;
  #ahead = '';
  #heard = 0;

  constructor(private readonly options: RallyClientOptions) {
    this.#roadbookHash = options.roadbookHashes[0] ?? '';
    const { ahead, peers, now } = options;
    if (ahead === undefined || peers === undefined) return;
    peers.onPosition = (steamId, bytes) => {
      const { timeScale } = this;
      ahead.peerSaid(steamId, bytes, { now: now(), rallyNow: this.rallyNow(), timeScale });
    };
  }

  /** Rally time as the server's clock says. */
  rallyNow(): number {
    return this.#offset + this.options.now() * this.#timeScale;
  }

  get timeScale(): number {
    return this.#timeScale;
  }

  /** A passage waits for its acknowledgement. */
  get waiting(): boolean {
    return this.#waiting !== undefined;
  }

  tick(): void {
    const now = this.options.now();
    if (this.refusal !== undefined) return;
    // A server that was started again knows no sessions: it is silent.
    if (this.session !== undefined && now - this.#heard > 5_000) this.#forget();
    if (this.session === undefined) {
      if (now - this.#tried < RETRY) return;
      this.#tried = now;
      this.options.send(
        this.#cookie === undefined ? encodeClient({ type: 'hello' }) : this.#join(),
      );
      return;
    }
    if (now - this.#asked >= CLOCK_INTERVAL) {
      this.#asked = now;
      const token = Math.floor(now) >>> 0;
      this.options.send(encodeClient({ type: 'clock', session: this.session, token }));
    }
    if (this.#waiting !== undefined && now - this.#waiting.sent >= RETRY) {
      this.#waiting.sent = now;
      this.options.send(this.#waiting.bytes);
    }
  }

  /** Where the car is on a stage, to the server and to those who follow. */
  position(stage: number, metres: number, x: number, y: number, metresPerSecond: number): void {
    if (this.session === undefined) return;
    const sequence = ++this.#sequence;
    const { session } = this;
    const speed = Math.min(65535, Math.round(metresPerSecond * 100));
    this.options.send(encodeClient({ type: 'position', session, sequence, metres, x, y, speed }));
    const time = Math.round(this.rallyNow());
    this.options.peers?.tell(encodePeerPosition({ stage, time, metres, x, y, speed }));
  }

  /** States a passage and repeats it until the server has answered. */
  pass(control: number, at: number): void {
    if (this.session === undefined || this.#waiting !== undefined) return;
    const sequence = ++this.#sequence;
    const bytes = encodeClient({
      type: 'passage',
      session: this.session,
      sequence,
      control,
      at: BigInt(Math.max(0, Math.round(at))),
    });
    this.#waiting = { bytes, sequence, control, sent: this.options.now() };
    this.options.send(bytes);
  }

  leave(): void {
    if (this.session !== undefined) {
      this.options.send(encodeClient({ type: 'leave', session: this.session }));
    }
  }

  receive(bytes: Uint8Array): void {
    let message: ServerMessage;
    try {
      message = decodeServer(bytes);
    } catch (error) {
      if (error instanceof DecodeError) return;
      throw error;
    }
    this.#heard = this.options.now();
    switch (message.type) {
      case 'cookie':
        this.#cookie = message.cookie;
        if (this.session === undefined) this.options.send(this.#join());
        return;
      case 'welcome':
        this.session = message.session;
        this.#timeScale = message.timeScale;
        this.#offset = Number(message.now) - this.options.now() * message.timeScale;
        this.#bestRoundTrip = Infinity;
        return;
      case 'clockReply':
        this.#synchronise(message.token, Number(message.now));
        return;
      case 'refused':
        this.#refused(message.sequence, message.reason, message.expected);
        return;
      case 'passageReply':
        if (message.sequence !== this.#waiting?.sequence) return;
        this.#waiting = undefined;
        this.acknowledged = { control: message.control, elapsed: message.elapsed };
        return;
      case 'orders':
        this.orders = message;
        this.#follow(message.ahead);
        return;
      case 'cars':
        this.options.ahead?.serverSaid(message.cars, this.options.now());
        return;
    }
  }

  /** The answer with the shortest way tells the time best (Cristian's algorithm). */
  #synchronise(token: number, serverNow: number): void {
    const now = this.options.now();
    const roundTrip = now - token;
    if (roundTrip < 0 || roundTrip > this.#bestRoundTrip + 1) return;
    this.#bestRoundTrip = roundTrip;
    this.#offset = serverNow + (roundTrip / 2) * this.#timeScale - now * this.#timeScale;
  }

  #refused(sequence: number, reason: string, expected: string): void {
    this.options.refused?.(reason, expected);
    if (sequence === this.#waiting?.sequence) {
      if (reason === 'passage-too-old') this.tooLate = this.#waiting.control;
      this.#waiting = undefined;
    }
    if (sequence !== 0) return;
    if (reason === 'roadbook-hash' && this.options.roadbookHashes.includes(expected))
      this.#roadbookHash = expected;
    else if (PASSING.has(reason)) this.#tried = this.options.now() + PATIENCE - RETRY;
    else this.refusal = reason;
  }

  #follow(ahead: readonly Ahead[]): void {
    const key = ahead.map(({ number, steamId }) => `${number} ${steamId}`).join();
    if (key === this.#ahead) return;
    this.#ahead = key;
    this.options.ahead?.follow(ahead);
    this.options.peers?.follow(ahead);
  }

  #forget(): void {
    this.session = undefined;
    this.#cookie = undefined;
    this.#waiting = undefined;
    this.orders = undefined;
  }

  #join(): Uint8Array {
    const { number, steamId, carsHash, gameVersion, password, ticket } = this.options;
    const roadbookHash = this.#roadbookHash;
    const what = { carsHash, roadbookHash, gameVersion, password, ticket };
    const cookie = this.#cookie ?? 0;
    return encodeClient({ type: 'join', cookie, protocol: PROTOCOL, number, steamId, ...what });
  }
}
