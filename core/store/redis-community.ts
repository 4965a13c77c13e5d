import { randomBytes } from 'node:crypto';
import type { RedisClient } from './redis-library.js';

/** Which community a server holds; a mark that it keeps tells. */
export class RedisCommunity {
  #known: string | undefined;

  /** Whether it holds another one than before, or none: it came back without what it held. */
  async isAnother(client: RedisClient, prefix: string): Promise<boolean> {
    const key = `${prefix}:community`;
    await client.setnx(key, randomBytes(8).toString('hex'));
    const found = (await client.get(key)) ?? '';
    const isAnother = this.#known !== undefined && this.#known !== found;
    this.#known = found;
    return isAnother;
  }
}
