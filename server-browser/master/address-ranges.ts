import { PeerAddress, ServerError } from 'beaconry';
import ipaddr from 'ipaddr.js';

interface Range {
  readonly network: PeerAddress;
  readonly bits: number;
}

/** A set of CIDR ranges of both families, asked without making text. */
export class AddressRanges {
  readonly #ranges: readonly Range[];

  /**
   * Ranges, or single addresses.
   * @throws ServerError BAD_CIDR naming the range that cannot be read
   */
  constructor(cidrs: Iterable<string>) {
    this.#ranges = [...cidrs].map(parseRange);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  includes(address: PeerAddress): boolean {
    for (const range of this.#ranges) if (isInside(range, address)) return true;
    return false;
  }
}

const parseRange = (cidr: string): Range => {
  try {
    const single = cidr.includes(':') ? 128 : 32;
    const [address, bits] = ipaddr.parseCIDR(cidr.includes('/') ? cidr : `${cidr}/${single}`);
    return {
      network: PeerAddress.of(address.toString(), 0),
      bits: address.kind() === 'ipv4' ? bits + 96 : bits,
    };
  } catch (cause) {
    throw new ServerError('BAD_CIDR', `${cidr} is no address range; write 192.0.2.0/24`, { cause });
  }
};

/** IPv4 lies inside IPv6 as mapped addresses, but nobody who writes ::/0 means it. */
const isInside = ({ network, bits }: Range, address: PeerAddress): boolean =>
  network.isIPv4 === address.isIPv4 &&
  sameBits(network.a, address.a, bits) &&
  sameBits(network.b, address.b, bits - 32) &&
  sameBits(network.c, address.c, bits - 64) &&
  sameBits(network.d, address.d, bits - 96);

const sameBits = (one: number, other: number, bits: number): boolean => {
  if (bits <= 0) return true;
  const mask = bits >= 32 ? -1 : ~(0xffffffff >>> bits);
  return ((one ^ other) & mask) === 0;
};
