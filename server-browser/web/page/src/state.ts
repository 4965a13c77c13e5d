import { computed, signal } from '@preact/signals';
import { ServerTable } from '../../server-table.js';
import { type Filters, NO_FILTERS, type Sort, type SortKey, selectRows } from './filters.js';
import { favourites, visited } from './saved.js';

export type Tab = 'internet' | 'favourites' | 'history' | 'rooms' | 'relay';
export type Status = 'loading' | 'live' | 'offline' | 'failed';

const SORTS: readonly string[] = ['name', 'game', 'map', 'players', 'ping', 'region'];
const TABS: readonly string[] = ['internet', 'favourites', 'history', 'rooms', 'relay'];
const BEST_FIRST: Sort = { key: 'players', descending: true };

export const table = new ServerTable();
export const filters = signal<Filters>(NO_FILTERS);
export const sort = signal<Sort>(BEST_FIRST);
export const tab = signal<Tab>('internet');
/** The tab shows servers of the list. */
export const isList = computed(() => tab.value !== 'rooms' && tab.value !== 'relay');
export const selected = signal<string | null>(null);
export const isMapOpen = signal(false);
export const status = signal<Status>('loading');
/** When the list was known to be right, as a time of this machine. */
export const freshAt = signal(0);
/** Rows that the list shows, in order. */
export const view = signal<readonly number[]>([]);
/** Rises when rows may have changed: lists look at what they show. */
export const repaint = signal(0);
/** Place in the view of the row that keys act on. */
export const active = signal(0);
/** Rises when the language changed. */
export const wording = signal(0);
/** True when the first rows are on the screen; what they do not need waits for it. */
export const hasRows = signal(false);
let lastMove = 0;
/** The visitor scrolls; the order of the list waits. */
export const moved = (): void => {
  lastMove = performance.now();
};
export const movedAt = (): number => lastMove;
export const isEmbedded = new URLSearchParams(location.search).get('embed') === '1';

/** Reads the address of the page. */
export function readAddress(): void {
  const query = new URLSearchParams(location.search);
  const read: Record<string, string | boolean> = {};
  for (const [key, none] of Object.entries(NO_FILTERS)) {
    const value = query.get(key)?.slice(0, 100);
    read[key] = typeof none === 'boolean' ? value === '1' : (value ?? '');
  }
  filters.value = read as unknown as Filters;
  const by = query.get('sort') ?? '';
  const key = by.replace(/^-/, '');
  sort.value = SORTS.includes(key)
    ? { key: key as SortKey, descending: by[0] === '-' }
    : BEST_FIRST;
  const wanted = query.get('tab') ?? '';
  tab.value = TABS.includes(wanted) ? (wanted as Tab) : 'internet';
  selected.value = query.get('server');
  isMapOpen.value = query.get('world') === '1';
}

/** Writes the state into the address; a new entry of the browser's history only for another server. */
export function writeAddress(isStep = false): void {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(filters.value)) {
    if (value !== '' && value !== false) query.set(key, value === true ? '1' : String(value));
  }
  const { key, descending } = sort.value;
  if (key !== 'players' || !descending) query.set('sort', `${descending ? '-' : ''}${key}`);
  if (tab.value !== 'internet') query.set('tab', tab.value);
  if (selected.value !== null) query.set('server', selected.value);
  if (isMapOpen.value) query.set('world', '1');
  if (isEmbedded) query.set('embed', '1');
  const text = query.toString().replaceAll('%3A', ':');
  const url = `${location.pathname}${text === '' ? '' : `?${text}`}`;
  if (url === location.pathname + location.search) return;
  if (isStep) history.pushState(null, '', url);
  else history.replaceState(null, '', url);
}

/** Chooses and sorts anew, and lets go of rows that nobody shows any more. */
export function refreshView(): void {
  const only =
    tab.value === 'favourites'
      ? new Set(favourites.value.keys())
      : tab.value === 'history'
        ? new Set(visited.value.keys())
        : undefined;
  const activeRow = view.peek()[active.peek()];
  const rows = selectRows(table, filters.value, sort.value, only);
  const isStill = activeRow !== undefined && !table.isGone(activeRow);
  const place = isStill ? rows.indexOf(activeRow) : -1;
  // The row that keys act on stays the same server when the order changes around it.
  if (active.peek() > 0 && place >= 0) active.value = place;
  else active.value = Math.min(active.peek(), Math.max(0, rows.length - 1));
  view.value = rows;
  table.release();
  repaint.value++;
}

export function setFilters(changed: Partial<Filters>): void {
  filters.value = { ...filters.value, ...changed };
  active.value = 0;
  writeAddress();
  refreshView();
}

export function sortBy(key: SortKey): void {
  const { key: now, descending } = sort.value;
  sort.value = { key, descending: key === now ? !descending : key === 'players' };
  active.value = 0;
  writeAddress();
  refreshView();
}

export function showTab(wanted: Tab): void {
  tab.value = wanted;
  active.value = 0;
  writeAddress();
  refreshView();
}

export function open(address: string | null): void {
  if (address === selected.value) return;
  selected.value = address;
  writeAddress(true);
}
