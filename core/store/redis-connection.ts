import type { ClusterOptions, RedisOptions } from 'ioredis';
import { messageOf, ServerError } from '../errors.js';
import type { RedisClient, RedisLibrary } from './redis-library.js';
import type { RedisTarget } from './redis-url.js';

export interface ConnectOptions {
  readonly ca?: string;
  readonly commandTimeout: number;
  /** Whether a connection that was lost, or could not be made, is tried again. */
  readonly again: () => boolean;
}

/**
 * A client that is not connected yet. It neither queues nor repeats commands: a command repeated after a lost
 * connection could happen twice, and its caller would take its own claim for somebody else's.
 */
export function connectRedis(
  { Redis, Cluster }: RedisLibrary,
  target: RedisTarget,
  options: ConnectOptions,
): RedisClient {
  const { kind, hosts, username, password, database } = target;
  const tls = target.tls ? { tls: options.ca === undefined ? {} : { ca: options.ca } } : {};
  const retry = (times: number): number | null =>
    options.again() ? Math.min(50 * times, 1000) : null;
  const common = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...tls,
    protocol: 2 as const,
    commandTimeout: options.commandTimeout,
    connectTimeout: 3000,
    lazyConnect: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A primary that became a replica: ask again who the primary is.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
  if (kind === 'cluster') {
    const cluster = {
      enableOfflineQueue: false,
      retryDelayOnFailover: 0,
      lazyConnect: true,
      clusterRetryStrategy: retry,
      redisOptions: common,
    } satisfies ClusterOptions;
    return new Cluster([...hosts], cluster);
  }
  const single = {
    ...common,
    db: database,
    enableOfflineQueue: false,
    retryStrategy: retry,
  } satisfies RedisOptions;
  if (kind === 'single') return new Redis({ ...single, ...hosts[0] });
  return new Redis({
    ...single,
    sentinels: hosts.map(({ host, port }) => ({ host, port })),
    ...(target.primary === undefined ? {} : { name: target.primary }),
    ...(target.tls ? { sentinelTLS: tls.tls ?? {}, enableTLSForSentinelMode: true } : {}),
    sentinelRetryStrategy: retry,
  });
}

/** Whether Redis refuses writes, and goes on reading, until the operator gives it memory or disk. */
export const isFull = (error: unknown): boolean => /^(OOM|MISCONF)/.test(messageOf(error));

/** What became of a command, in our words and with our codes. */
export function redisFailure(error: unknown, shown: string): ServerError {
  if (error instanceof ServerError) return error;
  const text = messageOf(error);
  const options = { cause: error };
  if (error instanceof Error && error.name === 'ReplyError') {
    const unable =
      /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TOOLATE)/.test(text) || isFull(error);
    return new ServerError(
      unable ? 'STORE_UNAVAILABLE' : 'STORE_FAILED',
      `the redis at ${shown} refused: ${text}; nothing was done${
        /^OOM/.test(text) ? '. Give it more memory (maxmemory)' : ''
      }${/^MISCONF/.test(text) ? '. See its log: it cannot write to its disk' : ''}`,
      options,
    );
  }
  if (/isn't writeable|Connection is closed before/.test(text)) {
    return new ServerError(
      'STORE_UNAVAILABLE',
      `the redis at ${shown} cannot be reached; nothing was done, try again later`,
      options,
    );
  }
  return new ServerError(
    'STORE_UNSURE',
    `the redis at ${shown} gave no answer (${text}); what was asked may or may not have happened`,
    options,
  );
}
