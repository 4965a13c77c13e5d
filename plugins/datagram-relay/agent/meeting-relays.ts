import { MAX_ROUTES, type PeerRoute } from './peer-signal-codec.js';
import { type ProbedRelay, pingOf, type RelayProber } from './relay-prober.js';

/** What the client tells of the relays it can reach, before it has a leg at any: the nearest first. */
export const offeredRoutes = (relays: readonly ProbedRelay[]): readonly PeerRoute[] =>
  relays
    .flatMap((relay) => {
      const ping = pingOf(relay);
      const { name, address } = relay;
      return ping === undefined
        ? []
        : [{ relay: name, port: address.port, ping, token: undefined }];
    })
    .sort((one, other) => one.ping - other.ping)
    .slice(0, MAX_ROUTES);

/** Relays at which two peers meet: the least sum of both pings first. `isFree` is asked for the relay and its process. */
export function meetingRelays(
  peerRoutes: readonly PeerRoute[],
  prober: Pick<RelayProber, 'relays' | 'at'>,
  isFree: (near: ProbedRelay, relay: ProbedRelay) => boolean,
): readonly ProbedRelay[] {
  const own = new Map(prober.relays.map((relay) => [relay.name, relay]));
  const known = peerRoutes.flatMap(({ relay: name, port, ping }) => {
    const near = own.get(name);
    const relay = prober.at(name, port);
    if (near === undefined || relay === undefined || !isFree(near, relay)) return [];
    return [{ relay, score: ping + (pingOf(near) ?? 1000) }];
  });
  return known.sort((one, other) => one.score - other.score).map(({ relay }) => relay);
}
