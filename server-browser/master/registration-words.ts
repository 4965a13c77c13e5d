import type { Registration, ServerDescription } from './public.js';
import type { Revision, Standing } from './registration-table.js';

/** A registration as it is stored and said; `seen` is Unix milliseconds of its last join. */
export interface Written extends ServerDescription, Standing, Revision {
  readonly first: number;
  readonly seen: number;
}

/** What nodes say to each other of their registrations. */
export type Word =
  | { readonly kind: 'put'; readonly servers: readonly (readonly [address: string, Written])[] }
  /** Nothing but the time of their last joins is new. */
  | { readonly kind: 'seen'; readonly servers: readonly (readonly [address: string, number])[] }
  | { readonly kind: 'gone'; readonly servers: readonly string[] };

const perWord = 100;

export function toWritten(registration: Registration): Written {
  const { protocol, players, maxPlayers, bots, name, map, modDir, product, version } = registration;
  const { appId, serverType, os, password, secure, lan, nat, region, tags, gameData } =
    registration;
  const { gamePort, spectatorPort, whitelisted, outdated, fakeIp, verified, hidden } = registration;
  return {
    ...{ protocol, players, maxPlayers, bots, name, map, modDir, product, version },
    ...{ appId, serverType, os, password, secure, lan, nat, region, tags, gameData },
    ...{ gamePort, spectatorPort, whitelisted, outdated, fakeIp, verified, hidden },
    first: registration.firstSeen,
    seen: registration.lastSeen,
  };
}

/** As many at once as one word holds. */
export function* inParts<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < list.length; i += perWord) yield list.slice(i, i + perWord);
}
