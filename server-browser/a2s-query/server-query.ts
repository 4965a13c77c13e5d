import { DecodeError } from '../../core/net/decode-error.js';
import { encodePingRequest, encodeQuery, type QueryKind } from './a2s-request-codec.js';
import { type A2sAnswer, decodeAnswer, type InfoAnswer } from './answer-codec.js';
import { FragmentAssembler } from './fragment-assembler.js';
import { FRAGMENT, WHOLE, wordAt } from './message-header.js';
import type { PlayersAnswer } from './players-codec.js';
import { QueryError } from './query-error.js';
import type { QueryClock } from './query-socket.js';
import type { RulesAnswer } from './rules-codec.js';
import { formatAddress, type ServerAddress } from './server-address.js';

export type Question = QueryKind | 'ping';
export type AnswerOf<K extends Question> = K extends 'info'
  ? { readonly info: InfoAnswer }
  : K extends 'players'
    ? PlayersAnswer
    : K extends 'rules'
      ? RulesAnswer
      : unknown;

export interface ServerQueryParts {
  readonly clock: QueryClock;
  readonly options: {
    readonly timeout: number;
    readonly retries: number;
    readonly challenges: number;
    readonly answerLimit: number;
  };
  readonly address: ServerAddress;
  /** Queues the packet of this question; `take` gives it when its turn has come. */
  enqueue(): void;
  /** The server gave a challenge. */
  learned(challenge: number): void;
  /** The question is answered or given up. */
  ended(): void;
  resolve(answer: A2sAnswer & { readonly ping: number }): void;
  reject(error: QueryError): void;
}

/**
 * One question to one server: the packets it takes, challenges and pieces included. Every path ends: each
 * packet has a timeout, repeats and challenges are counted, pieces are bounded.
 */
export class ServerQuery {
  readonly address: ServerAddress;
  readonly #assembler: FragmentAssembler;
  #challenge: number | null = null;
  #challenges = 0;
  #repeats = 0;
  #sentAt = 0;
  #asked = false;
  #packet: Uint8Array | undefined;
  #answered = false;
  #ping = Number.POSITIVE_INFINITY;
  #cancelTimeout: (() => void) | undefined;
  #refused: DecodeError | undefined;
  #done = false;

  constructor(
    private readonly question: Question,
    private readonly theShip: boolean,
    private readonly parts: ServerQueryParts,
  ) {
    this.address = parts.address;
    this.#assembler = new FragmentAssembler({ bytes: parts.options.answerLimit });
  }

  /** Sends the first packet, with the challenge that is known of this server. */
  start(challenge: number | null): void {
    this.#challenge = challenge;
    this.#send();
  }

  /** The packet to send now; undefined when the answer came while it waited. */
  take(now: number): Uint8Array | undefined {
    const packet = this.#packet;
    if (this.#done || packet === undefined) return undefined;
    this.#packet = undefined;
    this.#sentAt = now;
    this.#answered = false;
    this.#asked = true;
    this.#cancelTimeout = this.parts.clock.after(this.parts.options.timeout, () =>
      this.#timedOut(),
    );
    return packet;
  }

  /** A datagram of the server came; what is no answer to this question is passed over. */
  heard(bytes: Uint8Array, now: number): void {
    if (this.#done || !this.#asked || bytes.length < 4) return;
    try {
      const header = wordAt(bytes, 0);
      if (header === FRAGMENT) this.#heardPiece(bytes, now);
      else if (header === WHOLE) this.#heardMessage(bytes, now);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#refused = error;
    }
  }

  fail(error: QueryError): void {
    if (this.#end()) this.parts.reject(error);
  }

  #send(): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = undefined;
    const isQueued = this.#packet !== undefined;
    this.#packet =
      this.question === 'ping' ? encodePingRequest() : encodeQuery(this.question, this.#challenge);
    if (!isQueued) this.parts.enqueue();
  }

  #heardPiece(bytes: Uint8Array, now: number): void {
    this.#measure(now);
    const whole = this.#assembler.add(bytes);
    if (whole !== undefined) this.#heardMessage(whole, now);
  }

  #heardMessage(bytes: Uint8Array, now: number): void {
    const answer = decodeAnswer(bytes, this.theShip);
    if (answer.kind === 'challenge') this.#challenged(answer.challenge, now);
    else if (answer.kind === (this.question === 'ping' ? 'pong' : this.question)) {
      this.#measure(now);
      if (this.#end()) this.parts.resolve({ ...answer, ping: this.#ping });
    }
  }

  #challenged(challenge: number, now: number): void {
    // The same again is a copy of what was answered already, or means nothing to a ping.
    if (this.question === 'ping' || challenge === this.#challenge) return;
    this.#measure(now);
    if (++this.#challenges > this.parts.options.challenges) {
      this.fail(
        new QueryError(
          'TOO_MANY_CHALLENGES',
          `${formatAddress(this.address)} answers every challenge with another one`,
        ),
      );
      return;
    }
    this.#challenge = challenge;
    this.parts.learned(challenge);
    this.#send();
  }

  /** A packet that was sent twice counts from the last time, which is the shorter and surer error. */
  #measure(now: number): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#ping = Math.min(this.#ping, now - this.#sentAt);
  }

  #timedOut(): void {
    if (this.#repeats < this.parts.options.retries) {
      this.#repeats++;
      // A challenge that was valid once can be stale; most servers are silent or send another, some do neither.
      if (this.#challenges === 0) this.#challenge = null;
      this.#send();
      return;
    }
    const because = this.#refused === undefined ? '' : ` (${this.#refused.message})`;
    this.fail(
      new QueryError(
        'TIMEOUT',
        `no answer from ${formatAddress(this.address)} to ${this.question}${because}`,
        this.#refused && { cause: this.#refused },
      ),
    );
  }

  #end(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#cancelTimeout?.();
    this.#assembler.clear();
    this.parts.ended();
    return true;
  }
}
