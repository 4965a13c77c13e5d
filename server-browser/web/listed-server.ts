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
  /** The address, when it is a FakeIP: reached over relays alone, asked by nobody here. */
  readonly fakeIp?: string;
  /** Milliseconds, measured by this node. */
  readonly ping?: number;
  /** It answered a query of ours at this address. */
  readonly verified: boolean;
  /** ISO 8601: the last heartbeat, or the last answer to us. */
  readonly lastSeen: string;
  /** ISO 8601: when this node last asked; without it all numbers are what the server said of itself. */
  readonly measuredAt?: string;
  /** Who put it on the list: `master`, or the name of a plugin. */
  readonly source: string;
  /**
   * What a reader should know: `unreachable` (no answer to us), `duplicate` (the same game port of the same
   * host is listed already), `contradicts-` and `game`, `version`, `max-players`, `password` or `players`
   * (answers differ from what was registered).
   */
  readonly flags: readonly string[];
}

/** One player of a server, as its answer says. */
export interface ListedPlayer {
  readonly name: string;
  readonly score: number;
  /** Seconds. */
  readonly duration: number;
}

/** What is known of one server beside its line in the list. */
export interface ServerDetail extends ListedServer {
  readonly playerList: readonly ListedPlayer[];
  readonly rules: Readonly<Record<string, string>>;
  /** ISO 8601: when players and rules were asked for. */
  readonly detailsAt?: string;
  /** Other listed addresses of the same game port of the same host. */
  readonly alsoListedAs: readonly string[];
}

/** Means over steps, oldest first; null where nothing was measured. */
export interface ServerHistory {
  /** Seconds. */
  readonly step: number;
  /** ISO 8601 begin of the first step. */
  readonly start: string;
  readonly players: readonly (number | null)[];
  readonly maxPlayers: readonly (number | null)[];
  /** Milliseconds. */
  readonly ping: readonly (number | null)[];
}

/** The whole list in columns: small to send, and cheap to keep for a page with ten thousand lines. */
export interface ServerColumns {
  /** Id of the last event that this list contains. */
  readonly event: string;
  /** ISO 8601. */
  readonly at: string;
  /** What the columns of numbers for text point into. */
  readonly texts: readonly string[];
  readonly address: readonly string[];
  readonly name: readonly string[];
  readonly map: readonly number[];
  readonly game: readonly number[];
  readonly modDir: readonly number[];
  readonly version: readonly number[];
  /** Tags, separated by commas. */
  readonly tags: readonly number[];
  readonly country: readonly number[];
  readonly source: readonly number[];
  /** Flags, separated by commas. */
  readonly flags: readonly number[];
  readonly gamePort: readonly number[];
  readonly appId: readonly number[];
  readonly region: readonly number[];
  readonly players: readonly number[];
  readonly maxPlayers: readonly number[];
  readonly bots: readonly number[];
  /** Milliseconds; -1 when not measured. */
  readonly ping: readonly number[];
  /** Sum of `Bit`. */
  readonly bits: readonly number[];
}

/** Bits of the column `bits`. */
export const Bit = { password: 1, secure: 2, dedicated: 4, verified: 8, fakeIp: 16 } as const;

/** A server of which only this changed; the ping is -1 when it was not measured. */
export type ServerNumbers = readonly [
  address: string,
  players: number,
  maxPlayers: number,
  bots: number,
  ping: number,
];

export const bitsOf = (server: ListedServer): number =>
  (server.password ? Bit.password : 0) |
  (server.secure ? Bit.secure : 0) |
  (server.dedicated ? Bit.dedicated : 0) |
  (server.verified ? Bit.verified : 0) |
  (server.fakeIp === undefined ? 0 : Bit.fakeIp);

/** What the page needs to know of its operator. */
export interface PageSettings {
  readonly attribution: string | null;
  readonly joinLinks: readonly {
    readonly label: string;
    /** With `{address}`, `{host}` and `{port}`. */
    readonly url: string;
    /** Game directory; null for every game. */
    readonly modDir: string | null;
  }[];
}

type Essential = 'address' | 'name' | 'map' | 'players' | 'maxPlayers' | 'lastSeen';

/**
 * What another plugin says of a server: the essentials, and whatever else its protocol knows. Ports default to
 * that of the address, the region to the world, the rest to nothing.
 */
export type AddedServer = Pick<ListedServer, Essential> &
  Partial<Omit<ListedServer, Essential | 'source'>>;
