import { Bit } from '../../listed-server.js';
import { gameIn, isDuplicate } from '../../row-view.js';
import type { ServerTable } from '../../server-table.js';

/** What the visitor wants to see; every field has its place in the address of the page. */
export interface Filters {
  readonly q: string;
  readonly game: string;
  readonly map: string;
  readonly tag: string;
  readonly version: string;
  /** Number of a region, as text. */
  readonly region: string;
  readonly country: string;
  /** Milliseconds, as text. */
  readonly ping: string;
  readonly notFull: boolean;
  readonly hasPlayers: boolean;
  readonly noPassword: boolean;
  readonly secure: boolean;
  readonly dedicated: boolean;
}

export const NO_FILTERS: Filters = {
  q: '',
  game: '',
  map: '',
  tag: '',
  version: '',
  region: '',
  country: '',
  ping: '',
  notFull: false,
  hasPlayers: false,
  noPassword: false,
  secure: false,
  dedicated: false,
};

export type SortKey = 'name' | 'game' | 'map' | 'players' | 'ping' | 'region';
export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** Rows that pass, in order. `only` limits them to some addresses. */
export function selectRows(
  table: ServerTable,
  filters: Filters,
  sort: Sort,
  only: ReadonlySet<string> | undefined,
): number[] {
  const passes = compile(table, filters);
  const found: number[] = [];
  for (const row of table.rows()) {
    const address = table.columns.address[row] ?? '';
    if (only === undefined ? isDuplicate(table.columns, row) : !only.has(address)) continue;
    if (passes(row)) found.push(row);
  }
  return found.sort(comparison(table, sort));
}

function compile(table: ServerTable, filters: Filters): (row: number) => boolean {
  const c = table.columns;
  const tests: ((row: number) => boolean)[] = [];
  const { game, map, tag, version, region, country, ping } = filters;
  if (filters.notFull)
    tests.push((row) => num(c.players, row) + num(c.bots, row) < num(c.maxPlayers, row));
  if (filters.hasPlayers) tests.push((row) => num(c.players, row) > 0);
  if (filters.noPassword) tests.push((row) => !table.has(row, Bit.password));
  if (filters.secure) tests.push((row) => table.has(row, Bit.secure));
  if (filters.dedicated) tests.push((row) => table.has(row, Bit.dedicated));
  if (game !== '') tests.push((row) => gameIn(table.columns, row) === game);
  if (version !== '') tests.push((row) => table.text(c.version[row]) === version);
  if (country !== '') tests.push((row) => table.text(c.country[row]) === country);
  if (region !== '') tests.push((row) => num(c.region, row) === Number(region));
  if (ping !== '') {
    tests.push((row) => num(c.ping, row) >= 0 && num(c.ping, row) < Number(ping));
  }
  if (tag !== '') {
    const wanted = `,${tag},`;
    tests.push(byText(c.tags, (place) => `,${table.text(place)},`.includes(wanted)));
  }
  if (map !== '') {
    const wanted = map.toLowerCase();
    tests.push(byText(c.map, (place) => table.text(place).toLowerCase().includes(wanted)));
  }
  for (const term of filters.q.toLowerCase().split(/\s+/).filter(Boolean)) {
    const hasTerm = (place: number) => table.text(place).toLowerCase().includes(term);
    const [inMap, inTags, inGame] = [c.map, c.tags, c.game].map((one) => byText(one, hasTerm));
    tests.push(
      (row) =>
        c.name[row]?.toLowerCase().includes(term) === true ||
        c.address[row]?.includes(term) === true ||
        inMap?.(row) === true ||
        inTags?.(row) === true ||
        inGame?.(row) === true,
    );
  }
  return (row) => tests.every((test) => test(row));
}

/** Tests each text once, however many rows have it. */
function byText(column: readonly number[], test: (place: number) => boolean) {
  const known: boolean[] = [];
  return (row: number): boolean => {
    const place = column[row] ?? 0;
    known[place] ??= test(place);
    return known[place];
  };
}

const num = (column: readonly number[], row: number): number => column[row] ?? 0;

function comparison(table: ServerTable, { key, descending }: Sort) {
  const c = table.columns;
  const sign = descending ? -1 : 1;
  const byNumber = (value: (row: number) => number) => (one: number, other: number) =>
    sign * (value(one) - value(other)) ||
    num(c.players, other) - num(c.players, one) ||
    one - other;
  if (key === 'players') return byNumber((row) => num(c.players, row));
  // Servers without a ping stand last in both directions.
  if (key === 'ping') {
    const last = descending ? -1 : 1e9;
    return byNumber((row) => (num(c.ping, row) < 0 ? last : num(c.ping, row)));
  }
  const keys = new Map<number, string>();
  const text = {
    name: (row: number) => c.name[row] ?? '',
    game: (row: number) => gameIn(table.columns, row),
    map: (row: number) => table.text(c.map[row]),
    region: (row: number) => `${num(c.region, row) + 100} ${table.text(c.country[row])}`,
  }[key];
  const keyOf = (row: number): string => {
    let known = keys.get(row);
    if (known === undefined) {
      known = text(row).toLowerCase();
      keys.set(row, known);
    }
    return known;
  };
  return (one: number, other: number) => {
    const a = keyOf(one);
    const b = keyOf(other);
    if (a !== b) return a < b ? -sign : sign;
    return num(c.players, other) - num(c.players, one) || one - other;
  };
}
