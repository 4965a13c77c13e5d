import type { Json, Store } from 'beaconry';

/** One table of the backend in a namespace of its own; values are plain JSON, ids decimal text. */
export class Table<T extends { readonly [key: string]: Json } | Json> {
  readonly #store: Store;
  constructor(
    store: Store,
    readonly name: string,
  ) {
    this.#store = store.namespace(name);
  }
  get(key: string): Promise<T | undefined> {
    return this.#store.get<T & Json>(key);
  }
  set(key: string, value: T, ttl?: number): Promise<void> {
    return this.#store.set(key, value as Json, ttl === undefined ? {} : { ttl });
  }
  setIfAbsent(key: string, value: T, ttl?: number): Promise<boolean> {
    return this.#store.setIfAbsent(key, value as Json, ttl === undefined ? {} : { ttl });
  }
  delete(key: string): Promise<boolean> {
    return this.#store.delete(key);
  }
  take(key: string): Promise<T | undefined> {
    return this.#store.take<T & Json>(key);
  }
  update(
    key: string,
    change: (current: T | undefined) => T | undefined,
    ttl?: number,
  ): Promise<T | undefined> {
    const step = change as (current: (T & Json) | undefined) => (T & Json) | undefined;
    return this.#store.update<T & Json>(key, step, ttl === undefined ? {} : { ttl });
  }
  page(
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<(readonly [string, T])[]> {
    return this.#store.scan<T & Json>(prefix, after === undefined ? { limit } : { after, limit });
  }
  /** All entries with that prefix, page by page. */
  async *entries(prefix = ''): AsyncGenerator<readonly [string, T]> {
    let after: string | undefined;
    for (;;) {
      const page = await this.page(prefix, after, PAGE);
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1)?.[0];
    }
  }
  async all(prefix = ''): Promise<(readonly [string, T])[]> {
    const found = await this.page(prefix, undefined, PAGE);
    for (let last = found; last.length === PAGE; ) {
      last = await this.page(prefix, last.at(-1)?.[0], PAGE);
      found.push(...last);
    }
    return found;
  }
  async count(): Promise<number> {
    let count = 0;
    for await (const _ of this.entries()) count++;
    return count;
  }
}
const PAGE = 1000;

export type AccountRecord = {
  name: string;
  created: number;
  lastLogon: number | null;
  origin: 'key' | 'self-service' | 'open' | 'jwt' | 'steam-ticket';
  locked: boolean;
  communityBanned: boolean;
  limited: boolean;
  phone: boolean;
  /** SHA-256 of the account key, hex; also the key of the look-up. */
  keyHash: string | null;
  /** Issuer and subject of a JWT account. */
  subject: string | null;
};

export type ServerAccountRecord = {
  appId: number;
  memo: string;
  owner: string;
  created: number;
  lastLogon: number | null;
  tokenHash: string;
  banned: boolean;
  bannedUntil: number | null;
};

export type ConnectionRecord = {
  steamId: string;
  kind: 'player' | 'server';
  secretHash: string;
  address: string;
  since: number;
  playing: number;
  /** The node that holds the link. */
  node: string;
  /** That node lost the link; said of servers only where it decides something. */
  cut?: boolean;
  /** Of a server: what a session check needs. */
  appId: number;
  mode: number;
  product: string;
  clan: string | null;
  gamePort: number;
  anonymous: boolean;
};

/** A game-connect token, and the ticket made with it. */
export type ConnectTokenRecord = {
  steamId: string;
  connection: string;
  issued: number;
  ticket: {
    handle: number;
    appId: number;
    /** Hex of the first 52 (24) bytes. */
    authPart: string;
    identity: string | null;
    state: 'active' | 'cancelled';
  } | null;
  /** `<verifier>/<session>` that used it up. */
  consumedBy: string | null;
  consumedAt: number | null;
};

export type SessionRecord = {
  session: string;
  token: string;
  connection: string;
  appId: number;
  secure: boolean;
  response: number;
  owner: string;
  begun: number;
  /** When a non-OK verdict was sent; the ghost minutes count from here. */
  failedAt: number | null;
};

export type LicenceRecord = {
  package: number;
  from: number;
  until: number | null;
  lender: string | null;
  dlcOf: number | null;
};
export type BanRecord = {
  from: number;
  until: number | null;
  by: string;
  reason: string;
  becauseOf: string | null;
};
export type MemberRecord = { relationship: number; rank: number };
export type VersionRecord = { version: string; reject: boolean; text: string };
/** What the reputation of a server is computed from; days count since 1970. */
export type ReputationRecord = {
  ghostMinutes: number;
  refused: number;
  refusedDay: number;
  lastBan: number | null;
};

/** All tables of the Steam game server API, section 10; a table's name is its namespace in the store. */
export class BackendTables {
  readonly accounts: Table<AccountRecord>;
  readonly accountKeys: Table<string>;
  readonly subjects: Table<string>;
  readonly counters: Table<number>;
  /** What this community is known by. */
  readonly marks: Table<string>;
  readonly serverAccounts: Table<ServerAccountRecord>;
  readonly loginTokens: Table<string>;
  readonly connections: Table<ConnectionRecord>;
  /** SteamID to its current connection. */
  readonly online: Table<string>;
  readonly connectTokens: Table<ConnectTokenRecord>;
  /** `<verifier>/<user>`. */
  readonly sessions: Table<SessionRecord>;
  /** SteamID to the verifiers that hold a session of it. */
  readonly playing: Table<string[]>;
  /** `<id64>/<app>`. */
  readonly licences: Table<LicenceRecord>;
  /** `<lender>/<app>/<borrower>`. */
  readonly lent: Table<number>;
  readonly groups: Table<{ name: string; created: number }>;
  /** `<group>/<id64>`. */
  readonly members: Table<MemberRecord>;
  /** `<id64>/<group>`. */
  readonly memberships: Table<number>;
  /** `<id64>/<blocked>`. */
  readonly blocks: Table<{ since: number }>;
  /** `<id64>/<app>/<kind>`. */
  readonly bans: Table<BanRecord>;
  readonly addressBans: Table<{ from: number; until: number | null }>;
  /** `<app>/<product>`. */
  readonly versions: Table<VersionRecord>;
  readonly policies: Table<{ secure: boolean }>;
  readonly reputation: Table<ReputationRecord>;
  /** Nodes that serve this backend and are alive. */
  readonly nodes: Table<number>;

  constructor(store: Store) {
    this.accounts = new Table(store, 'accounts');
    this.accountKeys = new Table(store, 'account-keys');
    this.subjects = new Table(store, 'subjects');
    this.counters = new Table(store, 'counters');
    this.marks = new Table(store, 'marks');
    this.serverAccounts = new Table(store, 'server-accounts');
    this.loginTokens = new Table(store, 'login-tokens');
    this.connections = new Table(store, 'connections');
    this.online = new Table(store, 'online');
    this.connectTokens = new Table(store, 'connect-tokens');
    this.sessions = new Table(store, 'sessions');
    this.playing = new Table(store, 'playing');
    this.licences = new Table(store, 'licences');
    this.lent = new Table(store, 'lent');
    this.groups = new Table(store, 'groups');
    this.members = new Table(store, 'members');
    this.memberships = new Table(store, 'memberships');
    this.blocks = new Table(store, 'blocks');
    this.bans = new Table(store, 'bans');
    this.addressBans = new Table(store, 'address-bans');
    this.versions = new Table(store, 'versions');
    this.policies = new Table(store, 'policies');
    this.reputation = new Table(store, 'reputation');
    this.nodes = new Table(store, 'nodes');
  }

  async sizes(): Promise<Record<string, number>> {
    const sizes: Record<string, number> = {};
    for (const table of Object.values(this)) {
      if (table instanceof Table) sizes[table.name] = await table.count();
    }
    return sizes;
  }
}
