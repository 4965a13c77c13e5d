import { AddressLimit, type Clock, GlobalLimit, type PeerAddress } from 'beaconry';

/** A list that its caller, or all callers together, may not have made now. */
export class TooMuchWork extends Error {}

/** Tests of single conditions each second: for one address about two large lists, for all a fifth of a CPU. */
const ADDRESS_UNITS = 4_000_000;
const ALL_UNITS = 40_000_000;
/** What a line of an answer costs beside them, and to look at one game server of this process. */
const UNITS_PER_LINE = 100;
const UNITS_PER_HOSTED = 10;

export interface ListCosts {
  /** What a list of the master costs at most; error FILTER_TOO_LARGE. */
  ofFilter(filter: string): number;
  /** Game servers that run here. */
  hosted(): number;
}

/** Pays for lists of servers: anybody may ask, with a filter as costly and an answer as long as he likes. */
export class ListWork {
  readonly #ofAddress: AddressLimit;
  readonly #ofAll: GlobalLimit;

  constructor(
    clock: Pick<Clock, 'monotonic'>,
    private readonly costs: ListCosts,
  ) {
    this.#ofAddress = new AddressLimit(clock, {
      ...{ perSecond: ADDRESS_UNITS, burst: 2 * ADDRESS_UNITS, size: 8192 },
    });
    this.#ofAll = new GlobalLimit(clock, { perSecond: ALL_UNITS });
  }

  /** Errors TooMuchWork, FILTER_TOO_LARGE. */
  payList(from: PeerAddress, filter: string, lines: number): void {
    this.#pay(from, this.costs.ofFilter(filter) + lines * UNITS_PER_LINE);
  }

  /** So many questions for one of the game servers that run here. Error TooMuchWork. */
  paySearches(from: PeerAddress, count: number): void {
    this.#pay(from, count * (UNITS_PER_LINE + this.costs.hosted() * UNITS_PER_HOSTED));
  }

  /** What costs more than anybody could save up is paid with all that he can. */
  #pay(from: PeerAddress, cost: number): void {
    const units = Math.min(2 * ADDRESS_UNITS, cost);
    if (!this.#ofAddress.take(from, units) || !this.#ofAll.take(units)) throw new TooMuchWork();
  }
}
