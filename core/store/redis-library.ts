import type { Cluster, Redis } from 'ioredis';
import { ServerError } from '../errors.js';

/** A connection to one server (itself, or found through Sentinel), or to a Redis Cluster. */
export type RedisClient = Redis | Cluster;
export type RedisLibrary = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>;

/** The optional package; `STORE_NO_REDIS` when it is not installed. */
export async function loadRedis(): Promise<RedisLibrary> {
  try {
    const { Redis, Cluster } = await import('ioredis');
    return { Redis, Cluster };
  } catch (cause) {
    throw new ServerError(
      'STORE_NO_REDIS',
      'store.driver redis needs the package ioredis, which is not installed; ' +
        'run `npm install ioredis` beside beaconry, or set store.driver to sqlite (one node)',
      { cause },
    );
  }
}
