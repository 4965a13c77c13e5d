import { canReach, PeerAddress } from 'beaconry';
import type { Filter } from './filter.js';
import type { Registration } from './public.js';
import type { Registered } from './registration-table.js';

type Visit = (registration: Registered) => boolean;

export interface ListScope {
  /** The last server of the page before. */
  readonly after: PeerAddress | undefined;
  readonly region: number;
  /** Servers that he cannot reach are left out; undefined for all servers. */
  readonly from: PeerAddress | undefined;
  /** Whether servers at FakeIPs are meant too. */
  readonly fakeIps: boolean;
}

/**
 * A visitor that passes on the servers of the region that are listed and pass the filter, of these one of each
 * address when the filter asks for it. Servers of a local network and outdated ones are not listed, unless a Xash3D
 * client asks for the former.
 */
export const listed = (
  filter: Filter,
  { after, region, from, fakeIps }: ListScope,
  visit: Visit,
): Visit => {
  let previous = after;
  const address = new PeerAddress();
  return (registration) => {
    if (registration.hidden || registration.outdated || (registration.lan && !filter.lan))
      return true;
    if (registration.fakeIp && !fakeIps) return true;
    if (!isInRegion(registration, region) || !filter.test(registration)) return true;
    if (from !== undefined && !isReachable(registration, from, address)) return true;
    if (filter.collapse) {
      if (previous?.sameHost(registration.address)) return true;
      previous = registration.address;
    }
    return visit(registration);
  };
};

/** A FakeIP is reached over the relays from everywhere. */
const isReachable = (registration: Registered, from: PeerAddress, memory: PeerAddress): boolean =>
  registration.fakeIp || canReach(from, registration.readAddress(memory));

/** Regions 0 to 7 list their own servers and those of the world; every other value lists all. */
const isInRegion = (registration: Registration, region: number): boolean =>
  region > 7 || registration.region === region || registration.region === 255;
