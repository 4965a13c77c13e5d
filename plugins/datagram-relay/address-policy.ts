import type { PeerAddress } from 'beaconry';
import ipaddr from 'ipaddr.js';

/** Ranges of the network config: a CIDR, or `first-last`. What cannot be read matches nothing. */
export function isInRange(address: PeerAddress, range: string): boolean {
  try {
    const host = ipaddr.parse(address.host);
    if (range.includes('/')) {
      const [network, bits] = ipaddr.parseCIDR(range);
      return network.kind() === host.kind() && host.match([network, bits] as never);
    }
    const [first = '', last = first] = range.split('-');
    const bytes = (text: string) => Buffer.from(ipaddr.parse(text.trim()).toByteArray());
    const own = Buffer.from(host.toByteArray());
    const [from, to] = [bytes(first), bytes(last)];
    return (
      from.length === own.length && Buffer.compare(from, own) <= 0 && Buffer.compare(own, to) <= 0
    );
  } catch {
    return false;
  }
}

/**
 * Whether an address may be a target at all: public unicast. Loopback, private, link-local (with the metadata
 * addresses of clouds), multicast, documentation and reserved ranges are not.
 */
export function isPublicUnicast(address: PeerAddress): boolean {
  if (address.port === 0) return false;
  try {
    return ipaddr.parse(address.host).range() === 'unicast';
  } catch {
    return false;
  }
}
