/** One server as lists show it; shared by the server and the page, so nothing of Node is used here. */
export interface ListedServer {
  /** `ip:port` to query and to list. */
  readonly address: string;
  readonly gamePort: number;
  readonly queryPort: number;
  readonly name: string;
  readonly map: string;
  /** Name of the game for people. */
  readonly game: string;
  readonly modDir: string;
  readonly appId: number;
  readonly version: string;
  readonly product: string;
  readonly tags: readonly string[];
  readonly gameData: string;
  /** Region byte of the master protocol: 0 to 7, or 255 for the world. */
  readonly region: number;
  readonly country?: string;
  /** Without bots where they are known apart. */
  readonly players: number;
  readonly maxPlayers: number;
  readonly bots: number;
  readonly password: boolean;
  readonly secure: boolean;
  readonly dedicated: boolean;
  /** l: Linux, w: Windows, m or o: macOS; empty when unknown. */
  readonly os: string;
  /** Decimal. */
  readonly steamId?: string;
  readonly fakeIp?: string;
  /** Milliseconds, measured by this node. */
  readonly ping?: number;
  /** It answered a query of ours at this address. */
  readonly verified: boolean;
  /** ISO 8601. */
  readonly lastSeen: string;
  /** Who put it on the list: `master`, or the name of a plugin. */
  readonly source: string;
  /** What a reader should know, such as `outdated`. */
  readonly flags: readonly string[];
}

type Essential = 'address' | 'name' | 'map' | 'players' | 'maxPlayers' | 'lastSeen';

/**
 * What another plugin says of a server: the essentials, and whatever else its protocol knows. Ports default to
 * that of the address, the region to the world, the rest to nothing.
 */
export type AddedServer = Pick<ListedServer, Essential> &
  Partial<Omit<ListedServer, Essential | 'source'>>;
