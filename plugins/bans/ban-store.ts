import { createHash } from 'node:crypto';
import type { Json, Store } from 'beaconry';
import type { Ban } from './public.js';

/** Bans in one value of the store. */
const bansPerPart = 1000;
const scanLimit = 1000;

/** Source of bans that somebody made here. */
export const local = 'local';

type Kept = Omit<Ban, 'source'> & { readonly [key: string]: Json };

/** The newest complete copy of an imported list. */
type ListHead = {
  readonly source: string;
  readonly generation: number;
  readonly parts: number;
};

/**
 * Bans in the store: local ones each under a key of its own, which the store drops when they are over;
 * imported lists in parts, read only once the last part was written and `head/` says so.
 */
export class BanStore {
  constructor(private readonly store: Store) {}

  /** Rises with every change of any node. */
  async version(): Promise<number> {
    return (await this.store.get<number>('version')) ?? 0;
  }

  async raiseVersion(known = 0): Promise<number> {
    return (
      (await this.store.update<number>('version', (version = 0) => Math.max(version, known) + 1)) ??
      0
    );
  }

  async put(ban: Ban, now: number): Promise<void> {
    const { source: _, ...kept } = ban;
    const ttl = ban.until === null ? {} : { ttl: Math.max(1, ban.until - now) };
    await this.store.set(localKey(ban), kept, ttl);
  }

  async delete(ban: Ban): Promise<void> {
    await this.store.delete(localKey(ban));
  }

  /** Everything that is kept, of all sources. */
  async load(): Promise<Ban[]> {
    const bans: Ban[] = [];
    await this.#scan<Kept>('local/', (kept) => bans.push({ ...kept, source: local }));
    const heads: ListHead[] = [];
    await this.#scan<ListHead>('head/', (head) => heads.push(head));
    for (const head of heads) bans.push(...(await this.#loadList(head)));
    return bans;
  }

  /** Puts a list in the place of the one before; a death in between leaves the old one. */
  async replace(source: string, bans: readonly Ban[]): Promise<void> {
    const name = nameOf(source);
    const before = await this.store.get<ListHead>(`head/${name}`);
    const generation = (before?.generation ?? 0) + 1;
    let parts = 0;
    for (let at = 0; at < bans.length; at += bansPerPart) {
      const part = bans.slice(at, at + bansPerPart).map(({ source: _, ...kept }) => kept);
      await this.store.set(partKey(name, generation, parts++), part);
    }
    if (parts === 0) await this.store.delete(`head/${name}`);
    else await this.store.set(`head/${name}`, { source, generation, parts });
    for (let part = 0; part < (before?.parts ?? 0); part++) {
      await this.store.delete(partKey(name, generation - 1, part));
    }
  }

  async #loadList({ source, generation, parts }: ListHead): Promise<Ban[]> {
    const bans: Ban[] = [];
    for (let part = 0; part < parts; part++) {
      const key = partKey(nameOf(source), generation, part);
      for (const kept of (await this.store.get<Kept[]>(key)) ?? []) bans.push({ ...kept, source });
    }
    return bans;
  }

  async #scan<T extends Json>(prefix: string, take: (value: T) => void): Promise<void> {
    let after = '';
    for (;;) {
      const found = await this.store.scan<T>(prefix, { after, limit: scanLimit });
      for (const [, value] of found) take(value);
      const last = found.at(-1);
      if (last === undefined || found.length < scanLimit) return;
      after = last[0];
    }
  }
}

const localKey = ({ scope, subject }: Ban): string => `local/${scope}/${subject}`;
const partKey = (name: string, generation: number, part: number): string =>
  `list/${name}/${generation}/${part}`;
/** A source is a path or URL of any length. */
const nameOf = (source: string): string =>
  createHash('sha256').update(source).digest('hex').slice(0, 32);
