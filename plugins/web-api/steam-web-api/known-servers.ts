import { canReach, PeerAddress } from 'beaconry';
import type { ListOptions, Registration, Registrations } from 'beaconry/plugins/master';
import type { HostedGameServers } from '../public.js';

/** A server as the Steam Web API lists it. */
export interface KnownServer {
  readonly addr: string;
  readonly gameport: number;
  readonly steamid: string;
  readonly name: string;
  readonly appid: number;
  readonly gamedir: string;
  readonly version: string;
  readonly product: string;
  readonly region: number;
  readonly players: number;
  readonly max_players: number;
  readonly bots: number;
  readonly map: string;
  readonly secure: boolean;
  readonly dedicated: boolean;
  readonly os: string;
  readonly gametype: string;
}

/** Servers of one address that are read at once. */
const addressPage = 256;

/** The servers of the bundled master that a reader can reach, with the SteamIDs of those that run here. */
export class KnownServers {
  constructor(
    private readonly registrations: Registrations | undefined,
    private readonly hosted: HostedGameServers,
    /** Stands for all readers; undefined for those of this machine, who see all. */
    private readonly reader: PeerAddress | undefined,
  ) {}

  list(filter: string, limit: number): KnownServer[] {
    const ids = this.#steamIds();
    return this.#list(filter, { limit }).map((one) => view(one, ids));
  }

  /** Listed ones at an address, or at one port of it. */
  at(address: PeerAddress, port: number | undefined): KnownServer[] {
    const ids = this.#steamIds();
    return this.#at(address, port).map((one) => view(one, ids));
  }

  /** Listed addresses of a game server that runs here. */
  addressesOf(steamId: bigint): string[] {
    return [...this.#steamIds()].filter(([, id]) => id === steamId).map(([address]) => address);
  }

  steamIdAt(address: string): bigint | undefined {
    return this.#steamIds().get(address);
  }

  #list(filter: string, options: ListOptions): readonly Registration[] {
    const from = this.reader === undefined ? {} : { from: this.reader };
    return this.registrations?.list(filter, { ...options, ...from }) ?? [];
  }

  /** Neighbours in the order of the list, so that nothing else is searched. */
  #at(address: PeerAddress, port: number | undefined): Registration[] {
    const found: Registration[] = [];
    let after = PeerAddress.of(address.host, Math.max(0, (port ?? 0) - 1));
    for (;;) {
      const page = this.#list('', { after, limit: port === undefined ? addressPage : 1 });
      for (const one of page) {
        if (!one.address.sameHost(address)) return found;
        if (port !== undefined && one.address.port !== port) return found;
        found.push(one);
      }
      const last = page.at(-1);
      if (last === undefined || port !== undefined) return found;
      after = last.address.copy();
    }
  }

  #steamIds(): Map<string, bigint> {
    const ids = new Map<string, bigint>();
    for (const { server, address, listedPort } of this.hosted.all()) {
      const id = server.getSteamID();
      const listed = PeerAddress.of(address, listedPort);
      if (this.reader !== undefined && !canReach(this.reader, listed)) continue;
      if (id !== 0n) ids.set(listed.toString(), id);
    }
    return ids;
  }
}

const view = (one: Registration, ids: ReadonlyMap<string, bigint>): KnownServer => {
  const addr = one.address.toString();
  return {
    addr,
    gameport: one.gamePort ?? one.address.port,
    steamid: (ids.get(addr) ?? 0n).toString(),
    name: one.name,
    appid: one.appId,
    gamedir: one.modDir,
    version: one.version,
    product: one.product,
    region: one.region === 255 ? -1 : one.region,
    players: one.players,
    max_players: one.maxPlayers,
    bots: one.bots,
    map: one.map,
    secure: one.secure,
    dedicated: one.serverType === 'd',
    os: one.os,
    gametype: one.tags,
  };
};
