import type { PeerAddress } from 'beaconry';
import ipaddr from 'ipaddr.js';

/**
 * Which addresses the poller may send to: public ones, and the ranges that the configuration lists. Anybody
 * can register a server, so without this a list could be used to reach into the operator's own network.
 */
export class PollableAddresses {
  readonly #allowed: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];

  constructor(allowed: Iterable<string>) {
    this.#allowed = [...allowed].map((cidr) => ipaddr.parseCIDR(cidr));
  }

  includes({ host }: PeerAddress): boolean {
    const address = ipaddr.parse(host.split('%', 1)[0] ?? host);
    if (address.range() === 'unicast') return true;
    return this.#allowed.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
    );
  }
}
