import { resolve } from 'node:path';
import { messageOf } from '../errors.js';
import { parseRedisUrl } from '../store/redis-url.js';
import { type ConfigMap, type ConfigNode, isNull, nodeAt, type Report } from './config-node.js';
import type { Address, ConfigOf } from './schema.js';
import type { EndpointProtocol } from './section.js';
import { KEY_PATTERN, type serverSchema } from './server-schema.js';

type Keys = ConfigOf<typeof serverSchema>;
export type LogLevel = Keys['log']['level'];

export interface EndpointConfig {
  readonly name: string;
  readonly protocol: EndpointProtocol;
  /** IPv6 hosts without brackets; empty when shared. */
  readonly binds: readonly Address[];
  /** `udp: shared`: no socket, the game hands datagrams in and takes them out. */
  readonly shared: boolean;
  /** Absolute paths of PEM files; never for udp. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** The keys of core, checked; all paths are absolute. */
export interface ServerConfig
  extends Omit<Keys, 'endpoints' | 'publicAddress' | 'store' | 'management'> {
  readonly endpoints: ReadonlyMap<string, EndpointConfig>;
  readonly publicAddress: { readonly ipv4: string | null; readonly ipv6: string | null };
  readonly store: Keys['store'];
  readonly management: Keys['management'];
}

const PROTOCOLS = ['udp', 'tcp', 'http'] as const;

/** Names of endpoints with their protocol, wrong ones included, so that one mistake is reported once. */
export function endpointProtocols(
  root: ConfigMap,
): ReadonlyMap<string, EndpointProtocol | undefined> {
  const endpoints = nodeAt(root, 'endpoints');
  if (endpoints?.kind !== 'map') return new Map();
  return new Map(
    [...endpoints.entries].map(([name, { value }]) => {
      const [protocol, second] = protocolsOf(value);
      return [name, second === undefined ? protocol : undefined];
    }),
  );
}

const protocolsOf = (endpoint: ConfigNode | undefined): EndpointProtocol[] =>
  PROTOCOLS.filter((protocol) => !isNull(nodeAt(endpoint, protocol)));

/** Turns right values into what core works with, and reports what a schema cannot say. */
export function toServerConfig(
  keys: Keys,
  root: ConfigMap,
  folder: string,
  report: Report,
): ServerConfig {
  const data = resolve(folder, keys.data);
  const at = (...path: string[]): ConfigNode => nodeAt(root, ...path) ?? root;
  const { store, management, log } = keys;
  if (store.driver === 'redis' && store.url === null) {
    report(at('store', 'driver').place, 'store.url', 'is required by the redis driver');
  }
  if (store.driver === 'redis') checkRedisKeys(store, at, report);
  if (management.token !== null && management.tokenFile !== null) {
    const place = at('management', 'tokenFile').place;
    report(place, 'management.tokenFile', 'excludes management.token; keep one of them');
  }
  checkOrigins(at('http', 'origins'), report);
  return {
    ...keys,
    endpoints: toEndpoints(keys, root, folder, report),
    data,
    store: { ...store, path: resolve(data, store.path), ca: absolute(folder, store.ca) },
    management: { ...management, tokenFile: absolute(folder, management.tokenFile) },
    log: { ...log, file: absolute(data, log.file) },
  };
}

function checkRedisKeys(
  { url, prefix }: Keys['store'],
  at: (...path: string[]) => ConfigNode,
  report: Report,
): void {
  if (!/^[A-Za-z0-9_.:-]{1,64}$/.test(prefix)) {
    report(
      at('store', 'prefix').place,
      'store.prefix',
      'is made of 1 to 64 of A-Z a-z 0-9 _ . : -',
    );
  }
  try {
    if (url !== null) parseRedisUrl(url);
  } catch (error) {
    report(at('store', 'url').place, 'store.url', messageOf(error).replace(/^store\.url /, ''));
  }
}

const absolute = (folder: string, path: string | null): string | null =>
  path === null ? null : resolve(folder, path);

/** Browsers send an origin in one spelling; another one would never match. */
function checkOrigins(node: ConfigNode, report: Report): void {
  if (node.kind !== 'list') return;
  for (const [index, item] of node.items.entries()) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    const origin = URL.canParse(item.value) ? new URL(item.value).origin : 'null';
    if (origin === item.value && origin !== 'null') continue;
    const hint = origin === 'null' ? 'https://example.org' : origin;
    report(item.place, `http.origins[${index}]`, `must be an origin, such as ${hint}`);
  }
}

function toEndpoints(
  keys: Keys,
  root: ConfigMap,
  folder: string,
  report: Report,
): ReadonlyMap<string, EndpointConfig> {
  const endpoints = new Map<string, EndpointConfig>();
  const taken = new Map<string, string>();
  const written = nodeAt(root, 'endpoints');
  for (const [name, given] of keys.endpoints) {
    const path = `endpoints.${name}`;
    const entry = written?.kind === 'map' ? written.entries.get(name) : undefined;
    const place = entry?.keyPlace ?? root.place;
    if (!KEY_PATTERN.test(name)) {
      report(place, path, 'a name is made of a-z, 0-9 and "-" and begins with a letter');
    }
    const named = protocolsOf(entry?.value);
    const [protocol] = named;
    if (protocol === undefined || named.length > 1) {
      report(place, path, `needs exactly one of ${PROTOCOLS.join(', ')}`);
      continue;
    }
    const value = given[protocol];
    if (value === null) continue;
    const shared = value === 'shared';
    const binds = value === 'shared' ? [] : value;
    for (const { host, port } of binds) {
      const socket = `${protocol === 'udp' ? 'udp' : 'tcp'} ${host}:${port}`;
      const other = taken.get(socket);
      if (other !== undefined && port !== 0) {
        report(place, path, `listens on ${host}:${port}, which endpoint ${other} has already`);
      }
      taken.set(socket, name);
    }
    const tls = toTls(given.tls, folder);
    if (tls === 'incomplete') report(place, `${path}.tls`, 'needs both cert and key');
    else if (tls !== undefined && protocol === 'udp') {
      report(place, `${path}.tls`, 'is for tcp and http endpoints');
    }
    const usable = typeof tls === 'object' && protocol !== 'udp';
    endpoints.set(name, { name, protocol, binds, shared, ...(usable ? { tls } : {}) });
  }
  return endpoints;
}

function toTls(tls: { readonly cert: string | null; readonly key: string | null }, folder: string) {
  if (tls.cert === null && tls.key === null) return undefined;
  if (tls.cert === null || tls.key === null) return 'incomplete' as const;
  return { cert: resolve(folder, tls.cert), key: resolve(folder, tls.key) };
}
