import { ServerError } from '../errors.js';
import type { RedisClient } from './redis-library.js';

/**
 * The format of what nodes write to Redis. Nodes of one format share it whatever their versions are; a version that
 * writes what others cannot read raises the number, so that those do not start beside it.
 */
export const redisFormat = 1;

/** Notes the format where none is, and refuses a newer one (`STORE_TOO_NEW`). */
export async function checkRedisFormat(
  client: RedisClient,
  prefix: string,
  shown: string,
): Promise<void> {
  const key = `${prefix}:format`;
  await client.setnx(key, redisFormat);
  const found = Number(await client.get(key));
  if (found <= redisFormat) return;
  throw new ServerError(
    'STORE_TOO_NEW',
    `the redis at ${shown} has format ${found} under the prefix ${prefix}, and this program knows formats up to ${redisFormat}: ` +
      'run the newer program on this node too, or name another store.prefix',
  );
}
