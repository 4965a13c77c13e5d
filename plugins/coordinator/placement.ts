import { DecodeError, ServerError } from 'beaconry';
import type { SignedOnServer } from './hosted-servers.js';
import { estimatePingToPop, type PopDistance } from './sdr/ping-estimate.js';
import { type PingLocation, parsePingLocation } from './sdr/ping-location-codec.js';

export interface Candidate {
  readonly server: SignedOnServer;
  /** Milliseconds of the player who is worst off. */
  readonly worstPing: number;
}

export interface LocatedPlayer {
  readonly identity: string;
  readonly location: string;
}

/** PLACE_LOCATION names the player whose location cannot be read. */
export const readLocations = (players: readonly LocatedPlayer[]): readonly PingLocation[] =>
  players.map(({ identity, location }) => {
    try {
      return parsePingLocation(location);
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause;
      throw new ServerError('PLACE_LOCATION', `${identity}: ${cause.message}`, { cause });
    }
  });

/**
 * Servers with room for all, best first: by the worst estimated ping, then by the sum of all, then the fullest,
 * so that larger groups find room later. POPs that one of the players cannot be estimated to are left out.
 */
export function rankServers(
  servers: readonly SignedOnServer[],
  locations: readonly PingLocation[],
  distance: PopDistance,
): readonly Candidate[] {
  const pops = new Map<string, { readonly worst: number; readonly sum: number } | undefined>();
  const pingsOf = (pop: string) => {
    if (!pops.has(pop)) pops.set(pop, pingsTo(pop, locations, distance));
    return pops.get(pop);
  };
  return servers
    .filter(({ freeSlots }) => freeSlots >= locations.length)
    .flatMap((server) => {
      const pings = pingsOf(server.route.pop);
      return pings === undefined ? [] : [{ server, worstPing: pings.worst, sum: pings.sum }];
    })
    .sort(
      (one, other) =>
        one.worstPing - other.worstPing ||
        one.sum - other.sum ||
        one.server.freeSlots - other.server.freeSlots ||
        (one.server.identity < other.server.identity ? -1 : 1),
    );
}

function pingsTo(
  pop: string,
  locations: readonly PingLocation[],
  distance: PopDistance,
): { readonly worst: number; readonly sum: number } | undefined {
  const pings = locations.map((location) => estimatePingToPop(location, pop, distance));
  if (pings.some((ping) => ping < 0)) return undefined;
  return { worst: Math.max(...pings), sum: pings.reduce((sum, ping) => sum + ping, 0) };
}
