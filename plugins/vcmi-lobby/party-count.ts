/** Counts what each party (an IPv4 address or an IPv6 /64) has open at once. */
export class PartyCount {
  readonly #open = new Map<string, number>();

  /** 0 is no limit. */
  constructor(private readonly limit: number) {}

  /** Parties that have something open. */
  get size(): number {
    return this.#open.size;
  }

  /** Counts one more, to be given back by `release`; false when there are too many. */
  take(party: string): boolean {
    const open = this.#open.get(party) ?? 0;
    if (this.limit > 0 && open >= this.limit) return false;
    this.#open.set(party, open + 1);
    return true;
  }

  release(party: string): void {
    const left = (this.#open.get(party) ?? 1) - 1;
    if (left > 0) this.#open.set(party, left);
    else this.#open.delete(party);
  }
}
