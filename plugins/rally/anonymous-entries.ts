import { createHash } from 'node:crypto';
import type { Store } from 'beaconry';
import type { Entry, RallyDefinition } from './definition.js';

/** Start numbers whose driver or co-driver was forgotten; no word of who it was. */
interface Anonymous {
  readonly [key: string]: string | readonly number[];
  /** Hash of the entry list that the numbers are of: another list is the word of the operator. */
  readonly list: string;
  readonly drivers: readonly number[];
  readonly codrivers: readonly number[];
}

const key = 'anonymous';
export const ANONYMOUS = 'anonymous';

/** Who was forgotten stays without a name although the entry list, a file of the operator, still has it. */
export class AnonymousEntries {
  constructor(private readonly store: Store) {}

  /** The definition without those names and SteamIDs. */
  async withoutNames(definition: RallyDefinition): Promise<RallyDefinition> {
    const { drivers, codrivers } = await this.#of(definition);
    if (drivers.length + codrivers.length === 0) return definition;
    const entries = definition.entries.map((entry) => {
      const shown = drivers.includes(entry.number) ? withoutDriver(entry) : entry;
      return codrivers.includes(entry.number) ? withoutCodriver(shown) : shown;
    });
    return { ...definition, entries };
  }

  /** Takes somebody's name from the entries; gives those that change, as they are from now on. */
  async forget(steamId: bigint, definition: RallyDefinition): Promise<Entry[]> {
    const known = await this.#of(definition);
    const { entries } = await this.withoutNames(definition);
    const of = (role: 'driverId' | 'codriverId') =>
      entries.filter((entry) => entry[role] === steamId).map(({ number }) => number);
    const [drivers, codrivers] = [of('driverId'), of('codriverId')];
    const changed = new Set([...drivers, ...codrivers]);
    if (changed.size === 0) return [];
    const next: Anonymous = {
      list: listHash(definition),
      drivers: [...known.drivers, ...drivers],
      codrivers: [...known.codrivers, ...codrivers],
    };
    await this.store.set(key, next);
    const nameless = await this.withoutNames(definition);
    return nameless.entries.filter(({ number }) => changed.has(number));
  }

  async #of(definition: RallyDefinition): Promise<Anonymous> {
    const list = listHash(definition);
    const known = await this.store.get<Anonymous>(key);
    return known?.list === list ? known : { list, drivers: [], codrivers: [] };
  }
}

/** No SteamID is 0, so that nobody can prove to be that driver. */
const withoutDriver = (entry: Entry): Entry => ({ ...entry, driver: ANONYMOUS, driverId: 0n });
const withoutCodriver = (entry: Entry): Entry => ({
  ...entry,
  codriver: ANONYMOUS,
  codriverId: 0n,
});

const listHash = ({ entries }: RallyDefinition): string => {
  const text = JSON.stringify(entries, (_, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
  return createHash('sha256').update(text).digest('hex');
};
