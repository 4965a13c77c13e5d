import type { ServerColumns } from './listed-server.js';
import { isDuplicate, type RowView, rowView } from './row-view.js';

/** Lines that fill the largest usual screen. */
const MOST = 40;

/** The first lines of the list as it is when nobody chose anything else: most players first. */
export interface ListTop {
  readonly rows: readonly RowView[];
  /** Servers in the whole list, duplicates of an address once. */
  readonly servers: number;
  readonly players: number;
  readonly bots: number;
}

export function listTop(columns: ServerColumns): ListTop {
  const best: number[] = [];
  const sums = { servers: 0, players: 0, bots: 0 };
  const players = (row: number) => columns.players[row] ?? 0;
  for (let row = 0; row < columns.address.length; row++) {
    if (isDuplicate(columns, row)) continue;
    sums.servers++;
    sums.players += players(row);
    sums.bots += columns.bots[row] ?? 0;
    // Those that come first stay before others with as many players, as in the page.
    let place = best.length;
    while (place > 0 && players(best[place - 1] as number) < players(row)) place--;
    if (place >= MOST) continue;
    best.splice(place, 0, row);
    if (best.length > MOST) best.pop();
  }
  return { rows: best.map((row) => rowView(columns, row)), ...sums };
}
