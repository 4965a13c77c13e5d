import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import { popDistances } from '../../coordinator/sdr/ping-estimate.js';
import { NO_SHUTDOWN } from '../relay-codec.js';
import { type ProbedRelay, pingOf } from './relay-prober.js';

/** A way to a server: one relay, or one and another near the server. */
export interface Route {
  readonly first: ProbedRelay;
  readonly second: ProbedRelay | undefined;
  /** Estimated round trip with penalties, in milliseconds. */
  readonly score: number;
}

/** A relay outside the server's POP speaks to the server over the public network. */
const FOREIGN_PENALTY = 10;
const UNKNOWN_DISTANCE = 100;

export const routeName = ({ first, second }: Route): string =>
  second === undefined ? first.name : `${first.name} > ${second.name}`;

/** All ways to a server in that POP, best first: front + between + penalties. */
export function routesTo(
  pop: string,
  relays: readonly ProbedRelay[],
  config: NetworkConfig,
): readonly Route[] {
  const distance = popDistances(config.typicalPings);
  const between = (one: string, other: string) => distance(one, other) ?? UNKNOWN_DISTANCE;
  const near = relays.filter((relay) => relay.pop === pop);
  const routes: Route[] = [];
  for (const first of relays) {
    const front = pingOf(first);
    if (front === undefined || first.shutdown !== NO_SHUTDOWN) continue;
    const start = front + first.penalty;
    const isNear = first.pop === pop || near.length === 0;
    const known = near.length === 0 ? (distance(first.pop, pop) ?? 0) : between(first.pop, pop);
    routes.push({
      first,
      second: undefined,
      score: start + (first.pop === pop ? 0 : known) + (isNear ? 0 : FOREIGN_PENALTY),
    });
    if (isNear) continue;
    for (const second of near) {
      if (second.missed >= 3 || second.shutdown !== NO_SHUTDOWN || pingOf(second) === undefined) {
        continue;
      }
      routes.push({ first, second, score: start + between(first.pop, pop) + second.penalty });
    }
  }
  return routes.sort((one, other) => one.score - other.score);
}

/** Better by so much that moving pays: 10 ms or 10 %. */
export const isClearlyBetter = (score: number, than: number): boolean =>
  than - score > Math.max(10, than * 0.1);
