import { BlockList, isIPv6 } from 'node:net';
import { PeerAddress } from '../net/peer-address.js';

/** Counts open connections by IPv4 address or IPv6 /64; loopback and the given CIDRs are not counted. */
export class ConnectionCount {
  readonly #counts = new Map<string, number>();
  readonly #exempt = new BlockList();

  constructor(
    private readonly limit: number,
    exempt: readonly string[],
  ) {
    for (const cidr of ['127.0.0.0/8', '::1/128', ...exempt]) {
      const [host = '', length] = cidr.split('/');
      const family = isIPv6(host) ? 'ipv6' : 'ipv4';
      const whole = family === 'ipv6' ? 128 : 32;
      this.#exempt.addSubnet(host, length === undefined ? whole : Number(length), family);
    }
  }

  /** Sources with open connections. */
  get size(): number {
    return this.#counts.size;
  }

  /** The function that ends the count of one connection; undefined when there are too many. */
  take(remote: string): (() => void) | undefined {
    const address = PeerAddress.of(remote, 0);
    if (this.#exempt.check(address.host, address.isIPv4 ? 'ipv4' : 'ipv6')) return () => {};
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
