import type { PeerAddress } from './peer-address.js';

/** From where an address can be reached: the whole internet, or only from inside the named range. */
export type Reach = 'public' | (typeof ranges)[number]['range'];

const ranges = [
  { range: '127.0.0.0/8', ipv4: true, network: 0x7f000000, bits: 8 },
  { range: '10.0.0.0/8', ipv4: true, network: 0x0a000000, bits: 8 },
  { range: '172.16.0.0/12', ipv4: true, network: 0xac100000, bits: 12 },
  { range: '192.168.0.0/16', ipv4: true, network: 0xc0a80000, bits: 16 },
  { range: '100.64.0.0/10', ipv4: true, network: 0x64400000, bits: 10 },
  { range: '169.254.0.0/16', ipv4: true, network: 0xa9fe0000, bits: 16 },
  { range: 'fc00::/7', ipv4: false, network: 0xfc000000, bits: 7 },
  { range: 'fe80::/10', ipv4: false, network: 0xfe800000, bits: 10 },
] as const;

/** `public`, or the range that holds the address; ::1 counts as 127.0.0.0/8. */
export function reachOf(address: PeerAddress): Reach {
  if (isLoopback(address)) return '127.0.0.0/8';
  const first = address.isIPv4 ? address.d : address.a;
  for (const { range, ipv4, network, bits } of ranges) {
    if (ipv4 === address.isIPv4 && (first ^ network) >>> (32 - bits) === 0) return range;
  }
  return 'public';
}

/** 127.0.0.0/8 and ::1. */
export const isLoopback = (address: PeerAddress): boolean =>
  address.isIPv4
    ? address.d >>> 24 === 127
    : address.a === 0 && address.b === 0 && address.c === 0 && address.d === 1;

/**
 * Whether somebody at one address can be expected to reach another: private addresses only from the same
 * range, loopback only from this machine, which may reach all that it can see.
 */
export function canReach(from: PeerAddress, to: PeerAddress): boolean {
  const reach = reachOf(to);
  return reach === 'public' || isLoopback(from) || reach === reachOf(from);
}
