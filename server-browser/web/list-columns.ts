import { bitsOf, type ListedServer, type ServerColumns } from './listed-server.js';

/** The list in columns, texts that repeat said once. */
export function listColumns(
  servers: Iterable<ListedServer>,
  event: string,
  at: string,
): ServerColumns {
  const places = new Map<string, number>();
  const place = (text: string): number => {
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, places.size);
    return places.size - 1;
  };
  const columns = {
    address: [] as string[],
    name: [] as string[],
    map: [] as number[],
    game: [] as number[],
    modDir: [] as number[],
    version: [] as number[],
    tags: [] as number[],
    country: [] as number[],
    source: [] as number[],
    flags: [] as number[],
    gamePort: [] as number[],
    appId: [] as number[],
    region: [] as number[],
    players: [] as number[],
    maxPlayers: [] as number[],
    bots: [] as number[],
    ping: [] as number[],
    bits: [] as number[],
  };
  for (const server of servers) {
    columns.address.push(server.address);
    columns.name.push(server.name);
    columns.map.push(place(server.map));
    columns.game.push(place(server.game));
    columns.modDir.push(place(server.modDir));
    columns.version.push(place(server.version));
    columns.tags.push(place(server.tags.join()));
    columns.country.push(place(server.country ?? ''));
    columns.source.push(place(server.source));
    columns.flags.push(place(server.flags.join()));
    columns.gamePort.push(server.gamePort);
    columns.appId.push(server.appId);
    columns.region.push(server.region);
    columns.players.push(server.players);
    columns.maxPlayers.push(server.maxPlayers);
    columns.bots.push(server.bots);
    columns.ping.push(server.ping ?? -1);
    columns.bits.push(bitsOf(server));
  }
  return { event, at, texts: [...places.keys()], ...columns };
}
