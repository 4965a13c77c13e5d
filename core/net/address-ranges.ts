import { readCidr } from '../config/format-reader.js';
import { ServerError } from '../errors.js';
import { PeerAddress } from './peer-address.js';

interface Range {
  readonly network: PeerAddress;
  /** One mask for each word of the address. */
  readonly masks: readonly [number, number, number, number];
}

/** A short list of ranges of both families; looking an address up allocates nothing. */
export class AddressRanges {
  readonly #ranges: readonly Range[];

  /** CIDRs or single addresses; error `BAD_CIDR` names what is neither. */
  constructor(cidrs: Iterable<string>) {
    this.#ranges = [...cidrs].map(rangeOf);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  includes(address: PeerAddress): boolean {
    const ranges = this.#ranges;
    for (let i = 0; i < ranges.length; i++) {
      const { network, masks } = ranges[i] as Range;
      // IPv4 lies inside IPv6 as mapped addresses, but nobody who writes ::/0 means it.
      if (
        network.isIPv4 === address.isIPv4 &&
        ((address.a ^ network.a) & masks[0]) === 0 &&
        ((address.b ^ network.b) & masks[1]) === 0 &&
        ((address.c ^ network.c) & masks[2]) === 0 &&
        ((address.d ^ network.d) & masks[3]) === 0
      ) {
        return true;
      }
    }
    return false;
  }
}

function rangeOf(text: string): Range {
  const cidr = readCidr(text);
  if (cidr === undefined) {
    throw new ServerError(
      'BAD_CIDR',
      `${text.slice(0, 60)} is no address range; write 192.0.2.0/24 or 2001:db8::/32`,
    );
  }
  const slash = cidr.indexOf('/');
  const network = PeerAddress.of(cidr.slice(0, slash), 0);
  const bits = Number(cidr.slice(slash + 1)) + (network.isIPv4 ? 96 : 0);
  const mask = (word: number) => {
    const set = Math.min(32, Math.max(0, bits - 32 * word));
    return set === 0 ? 0 : -1 << (32 - set);
  };
  return { network, masks: [mask(0), mask(1), mask(2), mask(3)] };
}
