import type { PeerAddress } from 'beaconry';
import type { GameServerMessage } from '../../server-browser/master/heartbeat-codec.js';

/** Milliseconds after a request in which its answer is taken. */
const answerWindow = 4000;
/** First pause before asking a silent master again; doubles up to the interval. */
const firstRetry = 5000;
/** Least time between two requests that changes of the game cause. */
const refreshSpacing = 10_000;
/** No interval is shorter. */
const shortestInterval = 1000;
/** Challenges taken for one request: a forged answer must not keep the real one from being used. */
const answersPerRequest = 4;

/** The talk with one master: ask for a challenge, join with it, again after the interval. */
export class MasterSession {
  #address: PeerAddress | undefined;
  #nextAt = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #echo: number | null = null;
  /** The master has repeated an echo before, so an answer without one is not its own. */
  #echoes = false;
  #answers = 0;
  #unanswered = 0;
  #joinedWith: { readonly challenge: number; readonly text: string } | undefined;

  readonly #interval: number;

  constructor(
    /** As the configuration names it. */
    readonly name: string,
    interval: number,
    private readonly random: () => number,
  ) {
    this.#interval = Math.max(shortestInterval, interval);
  }

  get address(): PeerAddress | undefined {
    return this.#address;
  }

  /** Requests in a row that met silence. */
  get unanswered(): number {
    return this.#unanswered;
  }

  get isJoined(): boolean {
    return this.#joinedWith !== undefined;
  }

  /** The challenge of the last join. */
  get challenge(): number | undefined {
    return this.#joinedWith?.challenge;
  }

  /** The name now stands for this address; another one than before is asked at once. */
  resolved(address: PeerAddress, now: number): void {
    if (this.#address?.equals(address)) return;
    this.#address = address;
    this.#joinedWith = undefined;
    this.#echoes = false;
    this.#unanswered = 0;
    this.#nextAt = now;
  }

  /** The game changed: joins again soon, unless the master already has this text. */
  refresh(text: string, now: number): void {
    if (this.#joinedWith === undefined || this.#joinedWith.text === text) return;
    this.#nextAt = Math.min(this.#nextAt, Math.max(now, this.#askedAt + refreshSpacing));
  }

  /** The request that is due, if any. */
  due(now: number): GameServerMessage | undefined {
    if (this.#address === undefined || now < this.#nextAt) return undefined;
    // COMPAT: Valve's masters know only the bare request, masters of Xash3D only the one with an echo.
    this.#echo = this.#echoes || this.#unanswered % 2 === 1 ? this.random() : null;
    this.#askedAt = now;
    this.#answers = 0;
    const pause = Math.min(this.#interval, firstRetry * 2 ** Math.min(this.#unanswered, 20));
    this.#unanswered++;
    this.#nextAt = now + pause;
    return { kind: 'challenge-request', echo: this.#echo };
  }

  /** Whether a challenge answers the last request; then a join with this text follows. */
  takes(challenge: number, echo: number | null, text: string, now: number): boolean {
    if (now - this.#askedAt > answerWindow || this.#answers >= answersPerRequest) return false;
    if (echo !== this.#echo && (echo !== null || this.#echoes)) return false;
    if (echo !== null) this.#echoes = true;
    this.#answers++;
    this.#unanswered = 0;
    this.#joinedWith = { challenge, text };
    this.#nextAt = this.#askedAt + this.#interval;
    return true;
  }

  /** The server leaves the list; a later start asks at once. */
  left(now: number): void {
    this.#joinedWith = undefined;
    this.#nextAt = now;
    this.#unanswered = 0;
  }
}
