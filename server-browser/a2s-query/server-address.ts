import { lookup } from 'node:dns/promises';
import { isIP, SocketAddress } from 'node:net';

/** Where a server answers: an IP literal and a port. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:27015`, `[::1]:27015`. */
export const formatAddress = ({ host, port }: ServerAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** The one spelling of an address, so that answers are found whatever way the server was written. */
export function canonicalAddress(address: ServerAddress): ServerAddress {
  const { host, port } = address;
  if (isIP(host) !== 6 || host.includes('%')) return address;
  const canonical = new SocketAddress({ address: host, family: 'ipv6' }).address;
  return {
    host:
      canonical.startsWith('::ffff:') && isIP(canonical.slice(7)) ? canonical.slice(7) : canonical,
    port,
  };
}

/** Splits `host:port`, `[v6]:port`, `host` or a bare IPv6 literal; undefined when it is none of them. */
export function parseAddress(text: string, defaultPort = 27015): ServerAddress | undefined {
  if (isIP(text) === 6) return { host: text, port: defaultPort };
  const match = /^(?:\[([^\]]+)\]|([^:\s[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (host === undefined || port < 1 || port > 65535) return undefined;
  if (match?.[1] !== undefined && isIP(host) !== 6) return undefined;
  return { host, port };
}

/** The address of a server that may be named; asks the system's resolver for names. */
export async function resolveAddress(address: ServerAddress): Promise<ServerAddress> {
  if (isIP(address.host) !== 0) return canonicalAddress(address);
  const { address: host } = await lookup(address.host);
  return canonicalAddress({ host, port: address.port });
}
