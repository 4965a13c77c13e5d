import type { Clock } from 'beaconry';
import { LRUCache } from 'lru-cache';

export interface SignalLimits {
  /** Signals one sender may send in a second; three seconds' worth at once. */
  readonly perSecond: number;
  /** The same for one sender and one destination. */
  readonly pairPerSecond: number;
  /** Bytes of lines of one sender in a second; as many at once. */
  readonly bytesPerSecond: number;
}

/** Senders, and likewise addresses, whose budgets are remembered; by then the oldest is full again. */
const MAX_REMEMBERED = 65_536;
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

/**
 * Budgets that outlive connections: who connects anew, or more than once, has no more than before. One for each
 * identity and, where addresses are limited, one for all senders of an address.
 */
export class SignalBudgets {
  readonly #identities: LRUCache<string, SignalBudget>;
  readonly #addresses: LRUCache<string, SignalBudget>;

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly limits: SignalLimits,
    /** Of how many senders one address may use the budget; 0: no limit. */
    private readonly sendersPerAddress: number,
  ) {
    this.#identities = new LRUCache({ max: MAX_REMEMBERED });
    this.#addresses = new LRUCache({ max: MAX_REMEMBERED });
  }

  /** What is asked for each line of this sender, in this order. `address` undefined: of the process itself. */
  of(identity: string, address: string | undefined): SenderBudget {
    const own = this.#budget(this.#identities, identity, 1);
    const many = this.sendersPerAddress;
    return address === undefined || many === 0
      ? new SenderBudget(own, undefined)
      : new SenderBudget(own, this.#budget(this.#addresses, address, many));
  }

  #budget(known: LRUCache<string, SignalBudget>, name: string, factor: number): SignalBudget {
    const found = known.get(name);
    if (found !== undefined) return found;
    const { perSecond, pairPerSecond, bytesPerSecond } = this.limits;
    const budget = new SignalBudget(this.clock, {
      perSecond: perSecond * factor,
      pairPerSecond: pairPerSecond * factor,
      bytesPerSecond: bytesPerSecond * factor,
    });
    known.set(name, budget);
    return budget;
  }
}

/** One connection's share: a sender's own budget, and that of the address it comes from. */
export class SenderBudget {
  constructor(
    private readonly own: SignalBudget,
    private readonly address: SignalBudget | undefined,
  ) {}

  takeLine(bytes: number): number {
    const wait = this.own.takeLine(bytes);
    // What a sender has no right to costs his neighbours at the address nothing.
    return wait > 0 ? wait : (this.address?.takeLine(bytes) ?? 0);
  }

  takePair(destination: string): boolean {
    return this.own.takePair(destination);
  }
}
