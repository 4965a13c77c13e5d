import { Bit } from '../../listed-server.js';
import type { ServerTable } from '../../server-table.js';

const FIELDS = [
  'address',
  'name',
  'game',
  'map',
  'players',
  'maxPlayers',
  'bots',
  'ping',
  'version',
  'country',
  'region',
  'tags',
  'password',
  'secure',
  'dedicated',
  'measured',
] as const;
type Line = Record<(typeof FIELDS)[number], string | number | boolean | null>;

function lineOf(table: ServerTable, row: number): Line {
  const c = table.columns;
  const ping = c.ping[row] ?? -1;
  return {
    address: c.address[row] ?? '',
    name: c.name[row] ?? '',
    game: table.text(c.modDir[row]) || table.text(c.game[row]),
    map: table.text(c.map[row]),
    players: c.players[row] ?? 0,
    maxPlayers: c.maxPlayers[row] ?? 0,
    bots: c.bots[row] ?? 0,
    ping: ping < 0 ? null : ping,
    version: table.text(c.version[row]),
    country: table.text(c.country[row]),
    region: c.region[row] ?? 255,
    tags: table.text(c.tags[row]),
    password: table.has(row, Bit.password),
    secure: table.has(row, Bit.secure),
    dedicated: table.has(row, Bit.dedicated),
    measured: table.has(row, Bit.verified),
  };
}

/**
 * One field of CSV. What a spreadsheet would take for a formula gets an apostrophe: names come from
 * strangers.
 */
export function csvField(value: string | number | boolean | null): string {
  const text = value === null ? '' : String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function listText(
  form: 'json' | 'csv',
  table: ServerTable,
  rows: readonly number[],
): string {
  const lines = rows.filter((row) => !table.isGone(row)).map((row) => lineOf(table, row));
  if (form === 'json') return `${JSON.stringify(lines, null, 1)}\n`;
  return [FIELDS, ...lines.map((line) => FIELDS.map((field) => line[field]))]
    .map((fields) => `${fields.map(csvField).join(',')}\r\n`)
    .join('');
}

/** Hands the shown list to the visitor as a file. */
export function exportList(
  form: 'json' | 'csv',
  table: ServerTable,
  rows: readonly number[],
): void {
  const type = form === 'json' ? 'application/json' : 'text/csv;charset=utf-8';
  // Spreadsheets take UTF-8 for another encoding unless a mark says so.
  const mark = form === 'csv' ? '\ufeff' : '';
  const url = URL.createObjectURL(new Blob([mark, listText(form, table, rows)], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `servers.${form}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
