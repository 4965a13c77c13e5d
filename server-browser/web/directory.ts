import { PeerAddress } from 'beaconry';
import type { Registration, Registrations } from 'beaconry/plugins/master';
import { completeServer } from './complete-server.js';
import type { AddedServer, ListedServer, ServerDirectory } from './public.js';

/** One page of the list; `next` continues it and is null at the end. */
export interface DirectoryPage {
  readonly items: readonly ListedServer[];
  readonly next: string | null;
}

/** All listed servers: registrations of the master, and what other plugins added. */
export class Directory implements ServerDirectory {
  readonly #added = new Map<string, ListedServer>();
  #version = 0;

  constructor(private readonly registrations: Registrations | undefined) {}

  /** Changes whenever the list may have changed. */
  get version(): string {
    return `${this.registrations?.version ?? 0}.${this.#version}`;
  }

  add(source: string, server: AddedServer): () => void {
    const key = `${source} ${server.address}`;
    const listed = completeServer(source, server);
    this.#added.set(key, listed);
    this.#version++;
    return () => {
      if (this.#added.get(key) !== listed) return;
      this.#added.delete(key);
      this.#version++;
    };
  }

  /**
   * Servers that pass a filter in the master's grammar: those of the master first, then the added ones.
   * `after` is the `next` of the page before.
   */
  page(filter: string, limit: number, after: string | undefined): DirectoryPage {
    const items: ListedServer[] = [];
    const inAdded = after?.includes(' ') === true;
    if (!inAdded && this.registrations !== undefined) {
      const behind = after === undefined ? undefined : PeerAddress.parse(after);
      const found = this.registrations.list(filter, {
        limit: limit + 1,
        ...(behind === undefined ? {} : { after: behind }),
      });
      items.push(...found.slice(0, limit).map(listedRegistration));
      if (found.length > limit) return { items, next: items.at(-1)?.address ?? null };
    }
    const matches = filter === '' ? () => true : this.#matcher(filter);
    const keys = [...this.#added.keys()]
      .sort()
      .filter((key) => after === undefined || !inAdded || key > after);
    for (const key of keys) {
      const server = this.#added.get(key);
      if (server === undefined || !matches(server)) continue;
      if (items.length === limit) return { items, next: keyBefore(items, after) };
      items.push(server);
    }
    return { items, next: null };
  }

  #matcher(filter: string): (server: ListedServer) => boolean {
    const matches = this.registrations?.matcher(filter);
    // Without a master nobody here knows its grammar; nothing is listed rather than everything.
    if (matches === undefined) return () => false;
    return (server) => {
      const address = PeerAddress.parse(server.address);
      return address !== undefined && matches(descriptionOf(server, address));
    };
  }
}

const keyBefore = (items: readonly ListedServer[], after: string | undefined): string | null => {
  const last = items.at(-1);
  if (last === undefined) return after ?? null;
  return last.source === MASTER ? last.address : `${last.source} ${last.address}`;
};

const MASTER = 'master';

const descriptionOf = (server: ListedServer, address: PeerAddress) => ({
  address,
  whitelisted: false,
  protocol: 0,
  players: server.players,
  maxPlayers: server.maxPlayers,
  bots: server.bots,
  name: server.name,
  map: server.map,
  modDir: server.modDir,
  product: server.product,
  version: server.version,
  appId: server.appId,
  serverType: server.dedicated ? ('d' as const) : ('l' as const),
  os: (['l', 'w', 'm', 'o'] as const).find((letter) => letter === server.os) ?? ('' as const),
  password: server.password,
  secure: server.secure,
  lan: false,
  nat: false,
  region: server.region,
  tags: server.tags.join(','),
  gameData: server.gameData,
  gamePort: server.gamePort,
  spectatorPort: null,
});

export const listedRegistration = (registration: Registration): ListedServer => ({
  address: registration.address.toString(),
  gamePort: registration.gamePort ?? registration.address.port,
  queryPort: registration.address.port,
  name: registration.name,
  map: registration.map,
  game: registration.product,
  modDir: registration.modDir,
  appId: registration.appId,
  version: registration.version,
  product: registration.product,
  tags: registration.tags === '' ? [] : registration.tags.split(','),
  gameData: registration.gameData,
  region: registration.region,
  players: registration.players,
  maxPlayers: registration.maxPlayers,
  bots: registration.bots,
  password: registration.password,
  secure: registration.secure,
  dedicated: registration.serverType === 'd',
  os: registration.os,
  verified: false,
  lastSeen: new Date(registration.lastSeen).toISOString(),
  source: MASTER,
  flags: registration.outdated ? ['outdated'] : [],
});
