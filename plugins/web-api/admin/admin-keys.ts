import { timingSafeEqual } from 'node:crypto';
import type { Clock, Json, Store } from 'beaconry';
import { hashBearer, newBearerSecret } from '../bearer-secret.js';

/** `read` sees, `server` also makes login tokens and writes through the Steam Web API, `admin` does all. */
export const scopes = ['read', 'server', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export interface AdminKey {
  readonly id: string;
  readonly scope: Scope;
  readonly memo: string;
  /** SteamID that answers for login tokens made with it; null: an account of this plugin. */
  readonly owner: string | null;
  /** Unix milliseconds. */
  readonly created: number;
}

/** Kept under the hash of the secret. */
type Stored = { readonly [K in keyof AdminKey]: AdminKey[K] & Json };

/** At most so many; each is looked at when one is used. */
export const MAX_KEYS = 256;

/** Keys for programs of the operator and of publishers: shown once, kept as hashes. */
export class AdminKeys {
  readonly #configured: readonly string[];

  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, 'now'>,
    /** Publisher keys of the configuration. */
    configured: readonly string[],
  ) {
    this.#configured = configured.map(hashBearer);
  }

  async list(): Promise<AdminKey[]> {
    const stored = await this.store.scan<Stored>('', { limit: MAX_KEYS });
    return stored.map(([, key]) => key);
  }

  /** Undefined when there are too many already. */
  async add(
    scope: Scope,
    memo: string,
    owner: string | null,
  ): Promise<{ readonly key: AdminKey; readonly secret: string } | undefined> {
    if ((await this.list()).length >= MAX_KEYS) return undefined;
    const secret = newBearerSecret();
    const hash = hashBearer(secret);
    const key: AdminKey = {
      id: hash.slice(0, 12),
      ...{ scope, memo, owner, created: this.clock.now() },
    };
    await this.store.set(hash, { ...key });
    return { key, secret };
  }

  async remove(id: string): Promise<boolean> {
    const [found] = await this.store.scan<Stored>(id, { limit: 1 });
    if (found === undefined || found[1].id !== id) return false;
    return (await this.store.take(found[0])) !== undefined;
  }

  /** A key is its owner's: it goes with him. Tells how many did. */
  async removeOwnedBy(steamId: string): Promise<number> {
    let count = 0;
    for (const { id, owner } of await this.list()) {
      if (owner === steamId && (await this.remove(id))) count++;
    }
    return count;
  }

  /** What the key may do; undefined for one that is nobody's. */
  async find(secret: string): Promise<Pick<AdminKey, 'id' | 'scope' | 'owner'> | undefined> {
    const hash = hashBearer(secret);
    for (const [index, one] of this.#configured.entries()) {
      if (timingSafeEqual(Buffer.from(one), Buffer.from(hash))) {
        return { id: `configured ${index + 1}`, scope: 'server', owner: null };
      }
    }
    return this.store.get<Stored>(hash);
  }
}

/** Whether a key of one scope may do what needs another. */
export const allows = (has: Scope, needs: Scope): boolean =>
  scopes.indexOf(has) >= scopes.indexOf(needs);
