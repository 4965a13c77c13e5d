import { Bit, type ServerColumns } from './listed-server.js';

/** Characters of tags that a line has room for. */
const LONGEST_TAGS = 80;

/** What one line of the list says; made here for the server and the page alike. */
export interface RowView {
  readonly name: string;
  readonly game: string;
  readonly map: string;
  readonly tags: string;
  readonly players: number;
  readonly maxPlayers: number;
  readonly bots: number;
  /** Milliseconds; -1 when not measured. */
  readonly ping: number;
  readonly country: string;
  readonly region: number;
  /** The numbers are what we measured, not what the server said of itself. */
  readonly isMeasured: boolean;
  readonly hasPassword: boolean;
  readonly isSecure: boolean;
  /** Something about it is to be read with care. */
  readonly isFlagged: boolean;
  /** Reached over relays; nobody here can ask it. */
  readonly isFakeIp: boolean;
}

/** What elements say before they are used for a server; no text is empty, so that each has its node. */
export const NO_ROW: RowView = {
  ...{ name: '-', game: '-', map: '-', tags: '-', country: '-', region: 255 },
  ...{ players: 0, maxPlayers: 0, bots: 0, ping: -1 },
  ...{ isMeasured: true, hasPassword: false, isSecure: false, isFlagged: false, isFakeIp: false },
};

/** The same game port of the same host is listed already. */
export const isDuplicate = (columns: ServerColumns, row: number): boolean =>
  textIn(columns, columns.flags[row]).includes('duplicate');

const textIn = (columns: ServerColumns, place: number | undefined): string =>
  columns.texts[place ?? -1] ?? '';

/** The game of a row as it is shown and filtered by: the directory says it shortest. */
export const gameIn = (columns: ServerColumns, row: number): string =>
  textIn(columns, columns.modDir[row]) || textIn(columns, columns.game[row]);

export function rowView(columns: ServerColumns, row: number): RowView {
  const bits = columns.bits[row] ?? 0;
  const flags = textIn(columns, columns.flags[row]);
  return {
    name: columns.name[row] || (columns.address[row] ?? ''),
    game: gameIn(columns, row),
    map: textIn(columns, columns.map[row]),
    tags: textIn(columns, columns.tags[row]).slice(0, LONGEST_TAGS).replaceAll(',', ' · '),
    players: columns.players[row] ?? 0,
    maxPlayers: columns.maxPlayers[row] ?? 0,
    bots: columns.bots[row] ?? 0,
    ping: columns.ping[row] ?? -1,
    country: textIn(columns, columns.country[row]),
    region: columns.region[row] ?? 255,
    isMeasured: (bits & Bit.verified) !== 0,
    hasPassword: (bits & Bit.password) !== 0,
    isSecure: (bits & Bit.secure) !== 0,
    isFlagged: flags !== '' && flags !== 'duplicate',
    isFakeIp: (bits & Bit.fakeIp) !== 0,
  };
}
