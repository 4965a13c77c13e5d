import { AddressRanges, PeerAddress, reachOf, ServerError } from 'beaconry';

export interface PublicAddress {
  readonly ipv4: string | null;
  readonly ipv6: string | null;
}

interface Mapping {
  readonly ranges: AddressRanges;
  readonly host: PeerAddress;
}

/** Under which address a server is listed, when its heartbeats come from inside the operator's network. */
export class AddressMap {
  readonly #mappings: readonly Mapping[];
  readonly #ipv4: PeerAddress | undefined;
  readonly #ipv6: PeerAddress | undefined;

  /**
   * The operator's ranges in their order, then private ones to the public address.
   * @throws ServerError BAD_CIDR, BAD_ADDRESS
   */
  constructor(ranges: ReadonlyMap<string, string>, publicAddress: PublicAddress) {
    this.#mappings = [...ranges].map(([cidr, host]) => ({
      ranges: new AddressRanges([cidr]),
      host: hostOf(host, cidr),
    }));
    const { ipv4, ipv6 } = publicAddress;
    this.#ipv4 = ipv4 === null ? undefined : hostOf(ipv4, 'private networks');
    this.#ipv6 = ipv6 === null ? undefined : hostOf(ipv6, 'private networks');
  }

  /** The same object when no range holds the source; the port always stays. */
  listed(source: PeerAddress): PeerAddress {
    const host = this.#hostFor(source);
    if (host === undefined) return source;
    return new PeerAddress().set(host.a, host.b, host.c, host.d, source.port);
  }

  #hostFor(source: PeerAddress): PeerAddress | undefined {
    for (const { ranges, host } of this.#mappings) if (ranges.includes(source)) return host;
    if (reachOf(source) === 'public') return undefined;
    return source.isIPv4 ? this.#ipv4 : this.#ipv6;
  }
}

const hostOf = (host: string, sources: string): PeerAddress => {
  const address = PeerAddress.parse(host.includes(':') ? `[${host}]:0` : `${host}:0`);
  if (address !== undefined) return address;
  throw new ServerError('BAD_ADDRESS', `${host} is no IP address to list servers of ${sources} at`);
};
