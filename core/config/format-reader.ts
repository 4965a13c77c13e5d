import ipaddr from 'ipaddr.js';
import type { ConfigScalar } from './config-node.js';
import type { Address, EndpointFormat, FormatName } from './schema.js';

type ScalarFormat =
  | Exclude<FormatName, EndpointFormat | 'binds'>
  | StringConstructor
  | NumberConstructor
  | BooleanConstructor
  | readonly (string | number)[];

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNITS = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** The value of one scalar, or undefined when it is not of that format. Nothing is coerced. */
export function readScalar(format: ScalarFormat, node: ConfigScalar): unknown {
  const { value, text } = node;
  const when = (right: boolean) => (right ? value : undefined);
  switch (format) {
    case String:
      return when(typeof value === 'string');
    case Number:
      return when(typeof value === 'number' && Number.isFinite(value));
    case Boolean:
      return when(typeof value === 'boolean');
    case 'int':
      return when(Number.isSafeInteger(value));
    case 'nat':
      return when(Number.isSafeInteger(value) && Number(value) >= 0);
    case 'port':
      return when(Number.isInteger(value) && Number(value) >= 0 && Number(value) < 65536);
    case 'uint64':
      return readUint64(text);
    case 'duration':
      return value === 0 ? 0 : readDuration(text);
    case 'bytes':
      return readBytes(text);
    case 'hex':
      return /^(?:[0-9a-f]{2})*$/i.test(text) && value !== null
        ? Uint8Array.from(Buffer.from(text, 'hex'))
        : undefined;
    case 'address':
      return readAddress(text);
    case 'cidr':
      return readCidr(text);
    case 'ipv4':
      return isIPv4(text) ? text : undefined;
    case 'ipv6':
      return isIPv6(text) ? ipaddr.IPv6.parse(text).toString() : undefined;
    default:
      return Array.isArray(format) && format.includes(value) ? value : undefined;
  }
}

const readUint64 = (text: string): bigint | undefined =>
  /^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n ? BigInt(text) : undefined;

function readDuration(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  const duration = Math.round(Number(match[1]) * MILLISECONDS[match[2] as 'ms']);
  return Number.isSafeInteger(duration) ? duration : undefined;
}

function readBytes(text: string): number | undefined {
  const match = /^(\d{1,16})(?: ?(KiB|MiB|GiB))?$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * UNITS[(match[2] ?? '') as ''];
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const isIPv4 = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text);
const isIPv6 = (text: string): boolean => text.includes(':') && ipaddr.IPv6.isValid(text);
const isName = (text: string): boolean =>
  text.length <= 253 &&
  /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(text) &&
  !/^[\d.]+$/.test(text);

/** IPv4 in mapped form is IPv4. */
const canonicalIPv6 = (text: string): string => {
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
};

/** `host:port` with a name, an IPv4 literal or a bracketed IPv6 literal. */
export function readAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) return undefined;
  const [, ipv6, host] = match;
  if (ipv6 !== undefined) {
    return isIPv6(ipv6) ? { host: canonicalIPv6(ipv6), port } : undefined;
  }
  return host !== undefined && (isIPv4(host) || isName(host)) ? { host, port } : undefined;
}

/** Whether a socket can listen there without asking a name server. */
export const isLiteral = (host: string): boolean =>
  host === 'localhost' || isIPv4(host) || isIPv6(host);

/** Canonical text of a range: host bits cleared, IPv4 never in mapped form, always with a prefix length. */
export function readCidr(text: string): string | undefined {
  const match = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  const host = match?.[1];
  if (host === undefined || !(isIPv4(host) || isIPv6(host))) return undefined;
  const address = ipaddr.parse(host);
  const width = address.kind() === 'ipv4' ? 32 : 128;
  const length = match?.[2] === undefined ? width : Number(match[2]);
  if (length > width) return undefined;
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && length >= 96) {
    return cidrText(address.toIPv4Address().toByteArray(), length - 96);
  }
  return cidrText(address.toByteArray(), length);
}

function cidrText(bytes: number[], length: number): string {
  const network = bytes.map((byte, index) => {
    const bits = Math.min(8, Math.max(0, length - index * 8));
    return byte & (0xff00 >> bits) & 0xff;
  });
  return `${ipaddr.fromByteArray(network).toString()}/${length}`;
}
