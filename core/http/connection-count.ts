import { AddressRanges } from '../net/address-ranges.js';
import { PartyCount } from '../net/party-count.js';
import { PeerAddress } from '../net/peer-address.js';

/** Counts open connections by IPv4 address or IPv6 /64; loopback and the given CIDRs are not counted. */
export class ConnectionCount {
  readonly #counts: PartyCount;
  readonly #exempt: AddressRanges;

  constructor(limit: number, exempt: readonly string[]) {
    this.#counts = new PartyCount(limit);
    this.#exempt = new AddressRanges(['127.0.0.0/8', '::1/128', ...exempt]);
  }

  /** Sources with open connections. */
  get size(): number {
    return this.#counts.size;
  }

  /** The function that ends the count of one connection; undefined when there are too many. */
  take(remote: string): (() => void) | undefined {
    const address = PeerAddress.of(remote, 0);
    return this.#exempt.includes(address) ? () => {} : this.#counts.take(address.party);
  }
}
