import type { ListedServer } from './listed-server.js';

export interface Totals {
  servers: number;
  players: number;
  bots: number;
}

/** Sums of the list; duplicates count once. */
export interface ListStats extends Totals {
  slots: number;
  /** Servers that answered this node. */
  verified: number;
  games: Record<string, Totals>;
  regions: Record<string, Totals>;
  versions: Record<string, Totals>;
}

/** Names of the region bytes of the master protocol. */
const REGION_NAMES: Readonly<Record<number, string>> = {
  0: 'us-east',
  1: 'us-west',
  2: 'south-america',
  3: 'europe',
  4: 'asia',
  5: 'australia',
  6: 'middle-east',
  7: 'africa',
};
/** Groups that are named; whatever servers call themselves, the answer stays small. */
const mostGroups = 200;

export function listStats(servers: Iterable<ListedServer>): ListStats {
  const total = { servers: 0, players: 0, bots: 0, slots: 0, verified: 0 };
  const games = new Map<string, Totals>();
  const regions = new Map<string, Totals>();
  const versions = new Map<string, Totals>();
  for (const server of servers) {
    if (server.flags.includes('duplicate')) continue;
    count(total, server);
    total.slots += server.maxPlayers;
    if (server.verified) total.verified++;
    const game = server.modDir || server.game;
    count(groupOf(games, game), server);
    count(groupOf(regions, REGION_NAMES[server.region] ?? 'unknown'), server);
    count(groupOf(versions, `${game} ${server.version}`), server);
  }
  return {
    ...total,
    games: largest(games),
    regions: largest(regions),
    versions: largest(versions),
  };
}

function count(totals: Totals, server: ListedServer): void {
  totals.servers++;
  totals.players += server.players;
  totals.bots += server.bots;
}

function groupOf(groups: Map<string, Totals>, name: string): Totals {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const totals = { servers: 0, players: 0, bots: 0 };
  groups.set(name, totals);
  return totals;
}

const largest = (groups: ReadonlyMap<string, Totals>): Record<string, Totals> =>
  Object.fromEntries(
    [...groups].sort(([, one], [, other]) => other.servers - one.servers).slice(0, mostGroups),
  );
