/** Counts what each address (its `party`) holds; a limit of 0 counts nothing. */
export class AddressCount {
  readonly #held = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** Takes one; the returned function gives it back, once. Undefined: the address holds enough. */
  take(address: string): (() => void) | undefined {
    if (this.limit === 0) return () => {};
    const held = this.#held.get(address) ?? 0;
    if (held >= this.limit) return undefined;
    this.#held.set(address, held + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const left = (this.#held.get(address) ?? 1) - 1;
      if (left === 0) this.#held.delete(address);
      else this.#held.set(address, left);
    };
  }
}
