import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Finds the addresses of a name; IP literals stand for themselves. */
export interface Resolver {
  /** IP literals, the preferred one first; rejects when there is none. */
  resolve(host: string): Promise<readonly string[]>;
}

/** Asks the resolver of the system. */
export const systemResolver: Resolver = {
  async resolve(host) {
    if (isIP(host) !== 0) return [host];
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  },
};
