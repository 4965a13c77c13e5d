import { DecodeError } from 'beaconry';
import { type PingLocation, type PopPing, parsePingLocation } from './ping-location-codec.js';

/** A location could not be read. */
export const PING_FAILED = -1;
/** The locations are fine, but no known route joins them. */
export const PING_UNKNOWN = -2;

/** Milliseconds between two POPs; undefined when nobody knows. */
export type PopDistance = (from: string, to: string) => number | undefined;

/** From `typical_pings` of the network config; symmetric, 0 from a POP to itself. */
export function popDistances(pings: readonly (readonly [string, string, number])[]): PopDistance {
  const known = new Map<string, number>();
  for (const [one, other, ping] of pings) {
    known.set(`${one}-${other}`, ping);
    known.set(`${other}-${one}`, ping);
  }
  return (from, to) => (from === to ? 0 : known.get(`${from}-${to}`));
}

/** The cheaper of the direct front and the best relayed way into a POP, penalties included. */
const costInto = ({ direct, penalty, relayed }: PopPing): number =>
  relayed === undefined
    ? direct + penalty
    : Math.min(direct + penalty, relayed.ping + relayed.penalty);

/**
 * A conservative round trip between two hosts through the relays: the best over all pairs of POPs of way in,
 * way between and way out (sdr section 10). Symmetric. -2 when no pair is known.
 */
export function estimatePing(a: PingLocation, b: PingLocation, distance: PopDistance): number {
  let best = Number.POSITIVE_INFINITY;
  for (const [from, out] of a) {
    for (const [to, back] of b) {
      const between = distance(from, to);
      if (between === undefined) continue;
      best = Math.min(best, costInto(out) + between + costInto(back));
    }
  }
  return best === Number.POSITIVE_INFINITY ? PING_UNKNOWN : best;
}

/** The same between a host and a server that stands in a POP. */
export const estimatePingToPop = (
  location: PingLocation,
  pop: string,
  distance: PopDistance,
): number => estimatePing(location, new Map([[pop, { direct: 0, penalty: 0 }]]), distance);

/** Of two texts; -1 when one of them cannot be read. */
export function estimatePingOfTexts(a: string, b: string, distance: PopDistance): number {
  try {
    return estimatePing(parsePingLocation(a), parsePingLocation(b), distance);
  } catch (cause) {
    if (cause instanceof DecodeError) return PING_FAILED;
    throw cause;
  }
}
