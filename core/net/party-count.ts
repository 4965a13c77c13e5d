/** Counts what each party (`PeerAddress.party`) holds at once; a limit of 0 is none. */
export class PartyCount {
  readonly #held = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** Parties that hold something. */
  get size(): number {
    return this.#held.size;
  }

  /** Takes one; the returned function gives it back, once. Undefined: the party holds enough. */
  take(party: string): (() => void) | undefined {
    const held = this.#held.get(party) ?? 0;
    if (this.limit > 0 && held >= this.limit) return undefined;
    this.#held.set(party, held + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const left = (this.#held.get(party) ?? 1) - 1;
      if (left === 0) this.#held.delete(party);
      else this.#held.set(party, left);
    };
  }
}
