import type { Store } from 'beaconry';

interface Revoked {
  readonly at: string;
  readonly reason: string;
  [key: string]: string;
}

/** Revoked key ids, kept in the store for good: a revoked key never comes back. */
export class Revocations {
  #ids: ReadonlySet<bigint> = new Set();

  constructor(
    private readonly store: Store,
    /** Ids from the configuration. */
    private readonly configured: readonly bigint[],
  ) {}

  get ids(): ReadonlySet<bigint> {
    return this.#ids;
  }

  has(keyId: bigint): boolean {
    return this.#ids.has(keyId);
  }

  async revoke(keyId: bigint, reason: string, at: Date): Promise<void> {
    const entry: Revoked = { at: at.toISOString(), reason };
    await this.store.setIfAbsent(`revoked/${keyId}`, entry);
    await this.load();
  }

  /** Reads what this node or another one wrote. */
  async load(): Promise<void> {
    const ids = new Set(this.configured);
    let after: string | undefined;
    for (;;) {
      const page = await this.store.scan<Revoked>('revoked/', after === undefined ? {} : { after });
      for (const [key] of page) ids.add(BigInt(key.slice('revoked/'.length)));
      after = page.at(-1)?.[0];
      if (after === undefined || page.length < 1000) break;
    }
    this.#ids = ids;
  }
}
