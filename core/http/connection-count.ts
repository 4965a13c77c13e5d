import { AddressRanges } from '../net/address-ranges.js';
import { PeerAddress } from '../net/peer-address.js';

/** Counts open connections by IPv4 address or IPv6 /64; loopback and the given CIDRs are not counted. */
export class ConnectionCount {
  readonly #counts = new Map<string, number>();
  readonly #exempt: AddressRanges;

  constructor(
    private readonly limit: number,
    exempt: readonly string[],
  ) {
    this.#exempt = new AddressRanges(['127.0.0.0/8', '::1/128', ...exempt]);
  }

  /** Sources with open connections. */
  get size(): number {
    return this.#counts.size;
  }

  /** The function that ends the count of one connection; undefined when there are too many. */
  take(remote: string): (() => void) | undefined {
    const address = PeerAddress.of(remote, 0);
    if (this.#exempt.includes(address)) return () => {};
    const source = address.party;
    const count = this.#counts.get(source) ?? 0;
    if (count >= this.limit) return undefined;
    this.#counts.set(source, count + 1);
    return () => this.#release(source);
  }

  #release(source: string): void {
    const count = (this.#counts.get(source) ?? 1) - 1;
    if (count === 0) this.#counts.delete(source);
    else this.#counts.set(source, count);
  }
}
