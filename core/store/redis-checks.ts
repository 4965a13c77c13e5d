import { ServerError } from '../errors.js';
import type { RedisClient } from './redis-library.js';

/** The parts of `INFO` that decide whether a server keeps what it acknowledges. */
export interface RedisFacts {
  readonly version: string;
  readonly role: string;
  readonly appendOnly: boolean;
  readonly evictionPolicy: string;
  readonly maxMemory: number;
  readonly connectedReplicas: number;
}

export function readInfo(text: string): RedisFacts {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) values.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const number = (name: string): number => Number(values.get(name) ?? 0);
  return {
    version: values.get('valkey_version') ?? values.get('redis_version') ?? 'unknown',
    role: values.get('role') ?? 'master',
    appendOnly: values.get('aof_enabled') === '1',
    evictionPolicy: values.get('maxmemory_policy') ?? 'noeviction',
    maxMemory: number('maxmemory'),
    connectedReplicas: number('connected_slaves'),
  };
}

export interface RedisDemands {
  readonly shown: string;
  readonly replicas: number;
  readonly durability: 'normal' | 'full';
  /** The value of `appendfsync`; undefined where the server does not tell. */
  readonly appendFsync?: string;
}

/** Refuses a server that would forget what it acknowledged; codes `STORE_VOLATILE`, `STORE_REPLICAS`. */
export function checkRedis(facts: RedisFacts, demands: RedisDemands): void {
  const { shown, replicas, durability, appendFsync } = demands;
  if (!facts.appendOnly) {
    throw new ServerError(
      'STORE_VOLATILE',
      `the redis at ${shown} has appendonly off: it would forget up to minutes of tickets, bans and accounts when it restarts. ` +
        'Set `appendonly yes` in its configuration, or at once: redis-cli CONFIG SET appendonly yes, then CONFIG REWRITE',
    );
  }
  if (facts.evictionPolicy !== 'noeviction') {
    throw new ServerError(
      'STORE_VOLATILE',
      `the redis at ${shown} has maxmemory-policy ${facts.evictionPolicy}: it would throw away accounts and bans when its memory is full. ` +
        'Set `maxmemory-policy noeviction` (redis-cli CONFIG SET maxmemory-policy noeviction), or give beaconry a redis of its own',
    );
  }
  if (durability === 'full' && appendFsync !== undefined && appendFsync !== 'always') {
    throw new ServerError(
      'STORE_VOLATILE',
      `store.durability full needs \`appendfsync always\` of the redis at ${shown}, which has ${appendFsync}: ` +
        'redis-cli CONFIG SET appendfsync always, or set store.durability: normal (a power cut then costs up to a second)',
    );
  }
  if (facts.connectedReplicas < replicas) {
    throw new ServerError(
      'STORE_REPLICAS',
      `store.replicas is ${replicas}, and the redis at ${shown} has ${facts.connectedReplicas} connected: ` +
        'start the replicas first, or lower store.replicas',
    );
  }
}

/** Asks the server what it is; codes of `checkRedis`, and `STORE_OPEN` for a replica. */
export async function examineRedis(
  client: RedisClient,
  demands: Omit<RedisDemands, 'appendFsync'>,
): Promise<void> {
  const facts = readInfo(await client.info());
  const appendFsync = demands.durability === 'full' ? await appendFsyncOf(client) : undefined;
  checkRedis(facts, { ...demands, ...(appendFsync === undefined ? {} : { appendFsync }) });
  if (facts.role !== 'slave') return;
  throw new ServerError(
    'STORE_OPEN',
    `the redis at ${demands.shown} is a replica, which takes no writes: name its primary, or the Sentinels with redis+sentinel://`,
  );
}

/** Managed services may not tell. */
async function appendFsyncOf(client: RedisClient): Promise<string | undefined> {
  try {
    return ((await client.config('GET', 'appendfsync')) as string[])[1];
  } catch {
    return undefined;
  }
}
