import { PeerAddress } from 'beaconry';
import type { OrderedAddresses } from './ordered-addresses.js';
import type { RegistrationColumns } from './registration-columns.js';
import type { RegistrationEntry } from './registration-entry.js';
import type { RegistrationLimits } from './registration-table.js';

/** FakeIPs that are listed at most: each is somebody's lease, and addresses say nothing of who that is. */
const mostFakeIps = 16_384;

/** A part of the ordered addresses, both ends included. */
interface Span {
  readonly low: PeerAddress;
  readonly high: PeerAddress;
}

/** Whether there is room for one more server beside those of its address and prefix. */
export class RegistrationRoom {
  constructor(
    private readonly columns: RegistrationColumns,
    private readonly limits: RegistrationLimits,
    private readonly remove: (address: PeerAddress) => boolean,
  ) {}

  /** Servers of one address, and of one prefix, lie side by side in the order: counting them is cheap. */
  fullness(
    family: OrderedAddresses,
    address: PeerAddress,
    fakeIp: boolean,
  ): 'address-full' | 'prefix-full' | undefined {
    if (fakeIp) {
      const { low, high } = linkLocal;
      return family.countBetween(low, high) >= mostFakeIps ? 'prefix-full' : undefined;
    }
    const { perAddress, perPrefix } = this.limits;
    if (this.#isFull(family, perAddress, portsOf(address))) return 'address-full';
    if (this.#isFull(family, perPrefix, prefixOf(address))) return 'prefix-full';
    return undefined;
  }

  #isFull(family: OrderedAddresses, limit: number, span: Span): boolean {
    if (limit === 0 || family.countBetween(span.low, span.high) < limit) return false;
    return !this.#makeRoom(family, span);
  }

  /** Of the servers that no query has found yet the one that joined first goes. */
  #makeRoom(family: OrderedAddresses, { low, high }: Span): boolean {
    if (this.limits.verify?.() !== true) return false;
    let oldest: RegistrationEntry | undefined;
    const consider = (slot: number): boolean => {
      if (this.columns.addresses.compare(slot, high) > 0) return false;
      const entry = this.columns.at(slot);
      const mayGo = !entry.verified && !entry.fakeIp;
      if (mayGo && (oldest === undefined || entry.joinedAt < oldest.joinedAt)) oldest = entry;
      return true;
    };
    // A port is never 0, so nobody stands at the lower end itself.
    family.scan(low, consider);
    return oldest !== undefined && this.remove(oldest.address);
  }
}

const linkLocal: Span = {
  low: PeerAddress.of('169.254.0.0', 0),
  high: PeerAddress.of('169.254.255.255', 65535),
};

const portsOf = ({ a, b, c, d }: PeerAddress): Span => ({
  low: new PeerAddress().set(a, b, c, d, 0),
  high: new PeerAddress().set(a, b, c, d, 65535),
});

/** A /24 or /48. */
const prefixOf = ({ isIPv4, a, b, c, d }: PeerAddress): Span =>
  isIPv4
    ? {
        low: new PeerAddress().set(a, b, c, d & ~0xff, 0),
        high: new PeerAddress().set(a, b, c, d | 0xff, 65535),
      }
    : {
        low: new PeerAddress().set(a, b & ~0xffff, 0, 0, 0),
        high: new PeerAddress().set(a, b | 0xffff, -1, -1, 65535),
      };
