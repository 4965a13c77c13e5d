import { type Clock, HttpError, messageOf } from 'beaconry';
import { formatBanLines, parseBanLines } from './ban-lines.js';
import { type ReadLimits, readBanList, unusable } from './ban-list-reader.js';
import { local } from './ban-store.js';
import type { BanTable } from './ban-table.js';
import type { BanListOptions, BanLists, ImportResult } from './public.js';

/** Most bans that one export holds. */
const mostExported = 1_000_000;

export interface ImportedListsOptions {
  readonly table: BanTable;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly limits: ReadLimits;
  /** Files are relative to it. */
  readonly folder: string;
  /** Pinned SHA-256 by source. */
  readonly pins: ReadonlyMap<string, Uint8Array>;
}

/** Lists of others, read whole or not at all. */
export class ImportedLists implements BanLists {
  constructor(private readonly options: ImportedListsOptions) {}

  async import(source: string): Promise<ImportResult> {
    const { table, clock, limits, folder, pins } = this.options;
    if (source === local)
      throw new HttpError(400, 'BAN_LIST', `a list cannot be called "${local}"`);
    const sha256 = pins.get(source) ?? null;
    const text = await readBanList({ source, folder, sha256 }, limits, clock);
    const bans = await parseBanLines(text, clock.now()).catch((cause) => {
      throw unusable(source, messageOf(cause));
    });
    const { added, removed } = await table.replace(source, bans);
    return { source, bans: bans.length, added, removed };
  }

  async forget(source: string): Promise<number> {
    if (source === local) {
      throw new HttpError(400, 'BAN_LIST', 'local bans are no list; remove them one by one');
    }
    return (await this.options.table.replace(source, [])).removed;
  }

  export(options: BanListOptions = {}): string {
    return formatBanLines(this.options.table.list({ limit: mostExported, ...options }));
  }
}
