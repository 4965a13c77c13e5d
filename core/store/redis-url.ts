import { ServerError } from '../errors.js';

/** Where the redis driver connects to, and how. */
export interface RedisTarget {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  /** Of the server, of the Sentinels, or of some nodes of the cluster. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
  /** What the Sentinels call the primary. */
  readonly primary?: string;
  /** For messages: without name and password. */
  readonly shown: string;
}

const forms =
  'redis://[user:password@]host[:6379][/database], rediss:// for TLS, ' +
  'redis+sentinel://host:26379,host:26379/primary-name[/database], or redis+cluster://host:6379,host:6379 ' +
  '(rediss+sentinel and rediss+cluster for TLS)';

/** Reads `store.url`; code `STORE_URL`, in words that show no password. */
export function parseRedisUrl(url: string): RedisTarget {
  const match =
    /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/@?#]+)(?:\/([^?#]*))?$/.exec(url);
  if (match === null) throw refuse('is none of the forms');
  const [, scheme, kindText = 'single', credentials, hostList = '', path = ''] = match;
  const kind = kindText as RedisTarget['kind'];
  const defaultPort = kind === 'sentinel' ? 26379 : 6379;
  const hosts = hostList.split(',').map((text) => parseHost(text, defaultPort));
  if (kind === 'single' && hosts.length > 1) throw refuse('names several hosts');
  const parts = path === '' ? [] : path.split('/');
  const primary = kind === 'sentinel' ? parts.shift() : undefined;
  if (kind === 'sentinel' && (primary === undefined || primary === '')) {
    throw refuse('does not say what the Sentinels call the primary');
  }
  const [databaseText = '0', ...rest] = parts;
  const database = Number(databaseText);
  if (rest.length > 0 || !/^\d{1,5}$/.test(databaseText))
    throw refuse('has no number of a database');
  if (kind === 'cluster' && database !== 0)
    throw refuse('names a database, and a cluster has only 0');
  const tls = scheme === 'rediss';
  return {
    kind,
    hosts,
    tls,
    database,
    ...(primary === undefined ? {} : { primary: decodeURIComponent(primary) }),
    ...readCredentials(credentials),
    shown: `${scheme}${kind === 'single' ? '' : `+${kind}`}://${hostList}${path === '' ? '' : `/${path}`}`,
  };
}

function parseHost(text: string, defaultPort: number): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? defaultPort);
  if (host === undefined || port < 1 || port > 65535)
    throw refuse('has a host that cannot be read');
  return { host, port };
}

function readCredentials(text: string | undefined): { username?: string; password?: string } {
  if (text === undefined || text === '') return {};
  const colon = text.indexOf(':');
  try {
    const username = decodeURIComponent(colon < 0 ? text : text.slice(0, colon));
    const password = colon < 0 ? '' : decodeURIComponent(text.slice(colon + 1));
    return {
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
    };
  } catch {
    throw refuse('has a name or password with a broken % sequence');
  }
}

const refuse = (why: string): ServerError =>
  new ServerError('STORE_URL', `store.url ${why}; it is one of ${forms}`);
