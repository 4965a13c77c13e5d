import { createHash } from 'node:crypto';
import type { Store } from 'beaconry';
import { ANONYMOUS } from './anonymous-entries.js';
import type { RallyDefinition } from './definition.js';
import type { RallyEngine } from './rally-engine.js';
import { overallTable } from './standings.js';

export interface RunRecord {
  readonly [key: string]: string | number;
  readonly id: number;
  /** Wall time at which rally time began to run at its own speed. */
  readonly origin: number;
  readonly definition: string;
}

type PastRow = { readonly [key: string]: string | number | boolean | null } & {
  readonly driver: string;
  /** Decimal SteamID, 0 of somebody who was forgotten; results of older versions have none. */
  readonly driverId?: string;
};
type PastRally = { readonly [key: string]: string | number | readonly PastRow[] } & {
  readonly endedAt: string;
  readonly standings: readonly PastRow[];
};

/** How long results are kept, in milliseconds. */
const retention = 90 * 86_400_000;
/** Results that are kept, the newest. */
const MOST_PAST = 50;

/** Which rally the store is about: one that was broken off continues, a finished or changed one makes room. */
export class RallyRuns {
  constructor(
    private readonly store: Store,
    private readonly now: () => number,
  ) {}

  async open(definition: RallyDefinition): Promise<{ run: RunRecord; store: Store }> {
    const hash = hashOf(definition);
    const known = await this.store.get<RunRecord>('run');
    const run =
      known?.definition === hash
        ? known
        : { id: (known?.id ?? 0) + 1, origin: this.now(), definition: hash };
    if (run !== known) await this.store.set('run', run);
    return { run, store: this.store.namespace(`run-${run.id}`) };
  }

  /** From now on the rally that is driven is this one: a restart continues it. */
  async adopt(run: RunRecord, definition: RallyDefinition): Promise<void> {
    await this.store.set('run', { ...run, definition: hashOf(definition) });
  }

  /** Keeps the result; the next `open` begins anew. */
  async finish(engine: RallyEngine, run: RunRecord): Promise<void> {
    const at = new Date(this.now()).toISOString();
    const standings = overallTable(engine).map((row) => ({
      ...row,
      driverId: `${engine.crews.get(row.number)?.entry.driverId ?? 0n}`,
    }));
    const key = `history/${String(run.id).padStart(10, '0')}`;
    const { name } = engine.options.definition.rally;
    await this.store.set(key, { id: run.id, name, endedAt: at, standings }, { ttl: retention });
    // A rally that repeats itself would fill the store, and what is behind the shown ones nobody reads.
    for (;;) {
      const page = await this.store.scan('history/');
      for (const [old] of page.slice(0, -MOST_PAST)) await this.store.delete(old);
      if (page.length < 1000) return;
    }
  }

  async next(run: RunRecord): Promise<void> {
    await this.store.set('run', { id: run.id, origin: 0, definition: '' });
    const old = this.store.namespace(`run-${run.id}`);
    for (;;) {
      const page = await old.scan('event/');
      for (const [key] of page) await old.delete(key);
      if (page.length < 1000) return;
    }
  }

  async history(): Promise<unknown[]> {
    const all = await this.store.scan<PastRally>('history/', { limit: 1000 });
    return all
      .map(([, { standings, ...past }]) => ({
        ...past,
        // The SteamID is kept for those who want to be forgotten, not for readers.
        standings: standings.map(({ driverId: _, ...row }) => row),
      }))
      .reverse();
  }

  /**
   * Takes a driver's name from results, whose times stay; tells from how many rallies. Results that were kept
   * without SteamIDs are known by the names that he has on the entry list.
   */
  async forget(steamId: bigint, names: ReadonlySet<string>): Promise<number> {
    let count = 0;
    for (const [key, past] of await this.store.scan<PastRally>('history/', { limit: 1000 })) {
      const isTheirs = ({ driverId, driver }: PastRow) =>
        driverId === undefined ? names.has(driver) : driverId === `${steamId}`;
      if (!past.standings.some(isTheirs)) continue;
      const standings = past.standings.map((row) =>
        isTheirs(row) ? { ...row, driver: ANONYMOUS, driverId: '0' } : row,
      );
      const left = Date.parse(past.endedAt) + retention - this.now();
      await this.store.set(key, { ...past, standings }, { ttl: Math.max(1, left) });
      count++;
    }
    return count;
  }
}

const hashOf = (definition: RallyDefinition): string => {
  const text = JSON.stringify(definition, (_, value) =>
    typeof value === 'bigint' ? `${value}` : value instanceof Map ? [...value] : value,
  );
  return createHash('sha256').update(text).digest('hex');
};
