import type { Clock } from '../clock.js';
import type { PeerAddress } from './peer-address.js';
import { GlobalLimit, PrefixLimit } from './rate-limit.js';

/** What lists may cost that go to addresses which proved nothing. */
export interface ListBudgetOptions {
  /** Bits per second for all pages together; 0 switches the budget off. */
  readonly bitsPerSecond: number;
  /** Pages per second for one /24 or /48, default 30. */
  readonly pagesPerSecond?: number;
  /** Pages one /24 or /48 may take at once, default 128. */
  readonly burst?: number;
}

/**
 * Pays for list pages to senders that have proven nothing, since unmodified clients know no challenge there:
 * a bucket per /24 or /48 and one for the whole endpoint. Beyond it: silence and a counter.
 */
export class ListBudget {
  readonly #prefixes: PrefixLimit;
  readonly #bytes: GlobalLimit;
  readonly #off: boolean;
  /** Pages that were not sent because the budget was spent. */
  refused = 0;

  constructor(clock: Pick<Clock, 'monotonic'>, options: ListBudgetOptions) {
    this.#off = options.bitsPerSecond === 0;
    this.#prefixes = new PrefixLimit(clock, {
      perSecond: options.pagesPerSecond ?? 30,
      burst: options.burst ?? 128,
    });
    const perSecond = options.bitsPerSecond / 8;
    this.#bytes = new GlobalLimit(clock, { perSecond, burst: Math.max(perSecond, 65536) });
  }

  /** True when a page of so many bytes may go to the address; then it is paid. */
  take(to: PeerAddress, bytes: number): boolean {
    if (this.#off || (this.#prefixes.take(to) && this.#bytes.take(bytes))) return true;
    this.refused++;
    return false;
  }
}
