import type { Clock, PeerAddress } from 'beaconry';

const WINDOW = 60_000;
const MAX_WRONG = 10;
const MAX_ADDRESSES = 16_384;

/** Ten wrong keys a minute per address; afterwards right ones are refused too until the minute is over. */
export class WrongKeyLimit {
  readonly #wrong = new Map<string, { count: number; until: number }>();
  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  refuses(address: PeerAddress): boolean {
    const entry = this.#current(address.host);
    return entry !== undefined && entry.count >= MAX_WRONG;
  }

  wrong(address: PeerAddress): void {
    const entry = this.#current(address.host);
    if (entry !== undefined) {
      entry.count++;
      return;
    }
    if (this.#wrong.size >= MAX_ADDRESSES) {
      const oldest = this.#wrong.keys().next();
      if (oldest.done !== true) this.#wrong.delete(oldest.value);
    }
    this.#wrong.set(address.host, { count: 1, until: this.clock.monotonic() + WINDOW });
  }

  get size(): number {
    return this.#wrong.size;
  }

  #current(address: string): { count: number; until: number } | undefined {
    const entry = this.#wrong.get(address);
    if (entry === undefined || entry.until > this.clock.monotonic()) return entry;
    this.#wrong.delete(address);
    return undefined;
  }
}
