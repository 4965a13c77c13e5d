import { PeerAddress, ServerError } from 'beaconry';
import { AddressRanges } from './address-ranges.js';

/** Ranges that the rest of the world cannot reach, by family. */
const privateRanges = {
  ipv4: ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'],
  ipv6: ['::1/128', 'fc00::/7', 'fe80::/10'],
} as const;

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

  /**
   * The operator's ranges in their order, then private ones to the public address.
   * @throws ServerError BAD_CIDR, BAD_ADDRESS
   */
  constructor(ranges: ReadonlyMap<string, string>, publicAddress: PublicAddress) {
    const mappings = [...ranges].map(([cidr, host]) => mapping([cidr], host));
    const { ipv4, ipv6 } = publicAddress;
    if (ipv4 !== null) mappings.push(mapping(privateRanges.ipv4, ipv4));
    if (ipv6 !== null) mappings.push(mapping(privateRanges.ipv6, ipv6));
    this.#mappings = mappings;
  }

  /** The same object when no range holds the source; the port always stays. */
  listed(source: PeerAddress): PeerAddress {
    for (const { ranges, host } of this.#mappings) {
      if (ranges.includes(source)) {
        return new PeerAddress().set(host.a, host.b, host.c, host.d, source.port);
      }
    }
    return source;
  }
}

const mapping = (cidrs: readonly string[], host: string): Mapping => {
  const address = PeerAddress.parse(host.includes(':') ? `[${host}]:0` : `${host}:0`);
  if (address === undefined) {
    throw new ServerError('BAD_ADDRESS', `${host} is no IP address to list servers of ${cidrs} at`);
  }
  return { ranges: new AddressRanges(cidrs), host: address };
};
