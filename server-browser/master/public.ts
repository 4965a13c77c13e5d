import { type PeerAddress, serviceToken } from 'beaconry';
import type { StepAnswer } from './listing-walk.js';

export { type ListingStep, type ListingStepId, listingSteps, plainText } from './listing-steps.js';
export type { StepAnswer } from './listing-walk.js';

/** What a game server says of itself in a join; values of a stranger, bounded in length and range. */
export interface ServerDescription {
  /** 7 for Source, 47 and 48 for GoldSrc, 48 and 49 for Xash3D. */
  readonly protocol: number;
  /** 0..255; without bots on Xash3D. */
  readonly players: number;
  readonly maxPlayers: number;
  readonly bots: number;
  readonly name: string;
  readonly map: string;
  readonly modDir: string;
  readonly product: string;
  readonly version: string;
  readonly appId: number;
  /** `d` dedicated, `l` listen server, `p` spectator proxy; empty when it did not say. */
  readonly serverType: 'd' | 'l' | 'p' | '';
  readonly os: 'l' | 'w' | 'm' | 'o' | '';
  readonly password: boolean;
  readonly secure: boolean;
  readonly lan: boolean;
  /** Xash3D: reachable only with the master's help. */
  readonly nat: boolean;
  /** 0..7, or 255 for the world. */
  readonly region: number;
  /** Public tags, separated by commas. */
  readonly tags: string;
  /** Hidden tags, separated by commas. */
  readonly gameData: string;
  readonly gamePort: number | null;
  readonly spectatorPort: number | null;
}

/**
 * A server in the master list. The object is live: it changes with the next join and is dropped when the
 * server leaves; copy what is to be kept.
 */
export interface Registration extends ServerDescription {
  /** Where it is listed and queried: the source of its join. */
  readonly address: PeerAddress;
  /** Set by the operator, never by the server. */
  readonly whitelisted: boolean;
  /** Its version is below the least one that the operator asks for; such a server is not listed. */
  readonly outdated: boolean;
  /** It answered a query at the address under which it is listed. */
  readonly verified: boolean;
  /** Kept, but not in any list: not verified yet, signed off, or one of many that are the same. */
  readonly hidden: boolean;
  /**
   * Its address is a FakeIP: players reach it over the relay network alone. Nothing is ever sent there, so it is
   * never verified, and it is listed to everybody, whatever the range of the address.
   */
  readonly fakeIp: boolean;
  /** Unix milliseconds of the first join of this stay. */
  readonly firstSeen: number;
  /** Unix milliseconds of the last join. */
  readonly lastSeen: number;
}

/** Which part of the list. */
export interface ListOptions {
  /** Continue behind this server. */
  readonly after?: PeerAddress;
  /** At most so many; default all. */
  readonly limit?: number;
  /** Only servers that somebody at this address can reach; default all. */
  readonly from?: PeerAddress;
}

/** The servers that the master lists. */
export interface Registrations {
  readonly size: number;
  /** Rises whenever a server comes, goes or changes. */
  readonly version: number;
  find(address: PeerAddress): Registration | undefined;
  /**
   * Listed servers that pass a filter in the master's grammar, ordered by address and port, IPv4 first.
   * @throws ServerError FILTER_TOO_LARGE
   */
  list(filter: string, options?: ListOptions): readonly Registration[];
  /**
   * What a list with that filter costs at most, in tests of single conditions: to be paid from a budget by whoever
   * lets strangers ask.
   * @throws ServerError FILTER_TOO_LARGE
   */
  cost(filter: string): number;
  /**
   * A test for servers that are known from elsewhere.
   * @throws ServerError FILTER_TOO_LARGE
   */
  matcher(
    filter: string,
  ): (server: ServerDescription & Pick<Registration, 'address' | 'whitelisted'>) => boolean;
  /** Called when a listed server comes or changes; the returned function ends it. */
  onUpsert(listener: (registration: Registration) => void): () => void;
  /** Called when a listed server signs off, expires, is hidden or taken out. */
  onRemove(listener: (registration: Registration) => void): () => void;
}

/** Something that led to nothing, or a server that left. */
export interface RefusedSender {
  readonly address: string;
  /** A word for programs, such as `challenge`. */
  readonly reason: string;
  /** The same for people, and what to do about it. */
  readonly text: string;
  readonly remedy: string;
  readonly count: number;
  /** Unix milliseconds of the last time. */
  readonly at: number;
}

/** What became of a server, and why it is in lists or not. */
export interface Explanation {
  readonly address: string;
  /** `unlisted`: registered, but kept out of lists. */
  readonly state: 'listed' | 'unlisted' | 'banned' | 'refused' | 'unknown';
  /** Newest first. */
  readonly refusals: readonly RefusedSender[];
  /** The questions of docs/my-server-is-not-in-the-list.md, from the top to the first "no". */
  readonly steps: readonly StepAnswer[];
  /** For people, with remedies. */
  readonly text: string;
}

/** What the master knows of servers, for operators. */
export interface MasterExplanations {
  /** @throws HttpError BAD_ADDRESS unless it is `host:port` */
  explain(address: string): Explanation;
  /** The last refusals, newest first; of a server, or of all ports of an address. */
  refusals(address: string | undefined, limit: number): readonly RefusedSender[];
}

/** What became of a registration: the first two are listed sooner or later, the others changed nothing. */
export type RegisterResult =
  | 'listed'
  /** Registered, but too old to be in lists. */
  | 'outdated'
  | 'refused'
  /** Somebody else holds the address and port; a challenge given to that very address would decide it. */
  | 'taken'
  /** Nothing shows that the server is at this port: the claim needs a challenge that was given to it. */
  | 'unproven';

/** Who registers a server, and what shows that it is there. */
export interface RegistrationClaim {
  /** Stands for whoever registers: only he changes and withdraws what he registered. */
  readonly owner: object;
  /** What the master answered to a challenge request (`q`) from that very address and port. */
  readonly challenge?: number | undefined;
}

/**
 * Registers servers whose descriptions come in another way than by joins, under the same rules: what a join
 * registered is nobody else's, and no datagram goes to an address that was only named.
 */
export interface ServerRegistrar {
  /** Where challenges are given out over IPv4; undefined while the endpoint is not bound. */
  readonly port: number | undefined;
  /** Must be repeated within the master's time to live; the challenge is needed until it was listed once. */
  register(
    address: PeerAddress,
    description: ServerDescription,
    claim: RegistrationClaim,
  ): RegisterResult;
  withdraw(address: PeerAddress, owner: object): void;
}
export const ServerRegistrar = serviceToken<ServerRegistrar>('ServerRegistrar');

/**
 * Lists servers at FakeIPs, for the plugin that leases them: it vouches that whoever is described holds the address,
 * which is why nobody has to answer there.
 */
export interface FakeIpRegistrar {
  /**
   * Lists the server for the length of a lease; again with each renewal.
   * @throws ServerError NOT_A_FAKE_IP
   */
  register(
    address: PeerAddress,
    description: ServerDescription,
  ): Extract<RegisterResult, 'listed' | 'outdated' | 'refused'>;
  withdraw(address: PeerAddress): void;
}
export const FakeIpRegistrar = serviceToken<FakeIpRegistrar>('FakeIpRegistrar');

export const MasterExplanations = serviceToken<MasterExplanations>('MasterExplanations');
export const Registrations = serviceToken<Registrations>('Registrations');
