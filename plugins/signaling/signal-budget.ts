import type { Clock } from 'beaconry';

export interface SignalLimits {
  /** Signals one sender may send in a second; three seconds' worth at once. */
  readonly perSecond: number;
  /** The same for one sender and one destination. */
  readonly pairPerSecond: number;
  /** Bytes of lines of one sender in a second; as many at once. */
  readonly bytesPerSecond: number;
}

/** Destinations whose budget is remembered for one sender; the one used longest ago makes room. */
const MAX_PAIRS = 64;
const BURST_SECONDS = 3;
/** Largest debt, in bursts. */
const DEBT = 4;

class Bucket {
  #tokens: number;
  #at: number;
  constructor(
    private readonly perMs: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** Milliseconds until so much could be taken; 0 when it could be now. */
  wait(now: number, count: number): number {
    this.#tokens = Math.min(this.burst, this.#tokens + (now - this.#at) * this.perMs);
    this.#at = now;
    return this.#tokens >= count ? 0 : (count - this.#tokens) / this.perMs;
  }

  /** May go into debt, so that who sends far too much is left unread for longer. */
  take(count: number): void {
    this.#tokens = Math.max(this.#tokens - count, -DEBT * this.burst);
  }
}

/** What one sender may still send: in all, in bytes, and to one destination. */
export class SignalBudget {
  readonly #signals: Bucket;
  readonly #bytes: Bucket;
  readonly #pairs = new Map<string, Bucket>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly limits: SignalLimits,
  ) {
    const now = clock.monotonic();
    this.#signals = new Bucket(limits.perSecond / 1000, limits.perSecond * BURST_SECONDS, now);
    this.#bytes = new Bucket(limits.bytesPerSecond / 1000, limits.bytesPerSecond, now);
  }

  /**
   * Pays for a line of any kind: 0 when the sender could, else the milliseconds it should be left unread.
   * What is over the limit of a pair is paid for by the sender all the same.
   */
  takeLine(bytes: number): number {
    const now = this.clock.monotonic();
    const wait = Math.max(this.#signals.wait(now, 1), this.#bytes.wait(now, bytes));
    this.#bytes.take(bytes);
    if (wait === 0) this.#signals.take(1);
    return wait;
  }

  /** Pays for one signal to this destination; false: drop it. */
  takePair(destination: string): boolean {
    const now = this.clock.monotonic();
    const { pairPerSecond } = this.limits;
    let bucket = this.#pairs.get(destination);
    if (bucket === undefined) {
      bucket = new Bucket(pairPerSecond / 1000, pairPerSecond * BURST_SECONDS, now);
      const oldest = this.#pairs.size < MAX_PAIRS ? undefined : this.#pairs.keys().next().value;
      if (oldest !== undefined) this.#pairs.delete(oldest);
    } else {
      this.#pairs.delete(destination);
    }
    this.#pairs.set(destination, bucket);
    if (bucket.wait(now, 1) > 0) return false;
    bucket.take(1);
    return true;
  }
}
