import { bitsOf, type ListedServer, type ServerNumbers } from './listed-server.js';
import type { ServerTable } from './server-table.js';

/** Writes what an event says of a server into its row; true when the server is new. */
export function writeRow(table: ServerTable, server: ListedServer): boolean {
  const isNew = table.rowOf(server.address) === undefined;
  const row = table.rowFor(server.address);
  const columns = table.columns;
  // A text that is there already is kept: every event brings new copies of them.
  if (columns.name[row] !== server.name) columns.name[row] = server.name;
  columns.map[row] = table.place(server.map);
  columns.game[row] = table.place(server.game);
  columns.modDir[row] = table.place(server.modDir);
  columns.version[row] = table.place(server.version);
  columns.tags[row] = table.place(server.tags.join());
  columns.country[row] = table.place(server.country ?? '');
  columns.source[row] = table.place(server.source);
  columns.flags[row] = table.place(server.flags.join());
  columns.gamePort[row] = server.gamePort;
  columns.appId[row] = server.appId;
  columns.region[row] = server.region;
  columns.players[row] = server.players;
  columns.maxPlayers[row] = server.maxPlayers;
  columns.bots[row] = server.bots;
  columns.ping[row] = server.ping ?? -1;
  columns.bits[row] = bitsOf(server);
  table.written(row);
  return isNew;
}

/** Writes the numbers of a server that is there. */
export function writeNumbers(table: ServerTable, numbers: ServerNumbers): void {
  const [address, players, maxPlayers, bots, ping] = numbers;
  if (table.rowOf(address) === undefined) return;
  const row = table.rowFor(address);
  table.columns.players[row] = players;
  table.columns.maxPlayers[row] = maxPlayers;
  table.columns.bots[row] = bots;
  table.columns.ping[row] = ping;
  table.written(row);
}
