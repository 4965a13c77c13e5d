import type { Format } from './schema.js';

const WORDS = {
  int: 'a whole number',
  nat: 'a whole number, 0 or more',
  port: 'a port, 0 to 65535',
  duration: 'a duration such as 500ms, 30s, 5m, 2h',
  bytes: 'a size such as 512, 64KiB, 16MiB',
  address: 'host:port, IPv6 as "[::1]:27015"',
  cidr: 'an address range such as 10.0.0.0/8 or fd00::/8, or one address',
  ipv4: 'an IPv4 address such as 192.0.2.1',
  ipv6: 'an IPv6 address such as 2001:db8::1',
  hex: 'hex digits in pairs',
  uint64: 'a 64-bit id in decimal digits',
  binds: 'host:port or a list of them; the host is an IP literal or localhost',
  'udp-endpoints': 'the name of a udp endpoint, or a list of names',
  'tcp-endpoints': 'the name of a tcp endpoint, or a list of names',
  'http-endpoints': 'the name of an http endpoint, or a list of names',
} as const;

/** What may stand there, as the end of the sentence "must be ...". */
export function wordsOf(format: Format): string {
  if (format === String) return 'text';
  if (format === Number) return 'a number';
  if (format === Boolean) return 'true or false';
  if (typeof format === 'string') return WORDS[format];
  if (Array.isArray(format)) return `one of ${format.join(', ')}`;
  if (typeof format === 'object' && 'kind' in format) {
    if (format.kind === 'either') return `${format.word}, or ${wordsOf(format.item)}`;
    return format.kind === 'list' ? 'a list' : 'a mapping';
  }
  return 'known to beaconry';
}
