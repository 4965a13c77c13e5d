import { PeerAddress } from 'beaconry';
import type { Registration, Registrations } from 'beaconry/plugins/master';
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

/** The servers of the bundled master, with the SteamIDs of those that run here. */
export class KnownServers {
  constructor(
    private readonly registrations: Registrations | undefined,
    private readonly hosted: HostedGameServers,
  ) {}

  list(filter: string, limit: number): KnownServer[] {
    if (this.registrations === undefined) return [];
    const ids = this.#steamIds();
    return this.registrations.list(filter, { limit }).map((one) => view(one, ids));
  }

  /** At an address, or at one port of it. */
  at(address: PeerAddress, port: number | undefined): KnownServer[] {
    const { registrations } = this;
    if (registrations === undefined) return [];
    const ids = this.#steamIds();
    if (port !== undefined) {
      const found = registrations.find(PeerAddress.of(address.host, port));
      return found === undefined ? [] : [view(found, ids)];
    }
    return registrations
      .list(`\\gameaddr\\${address.host}`)
      .filter((one) => one.address.sameHost(address))
      .map((one) => view(one, ids));
  }

  /** Listed addresses of a game server that runs here. */
  addressesOf(steamId: bigint): string[] {
    return [...this.#steamIds()].filter(([, id]) => id === steamId).map(([address]) => address);
  }

  steamIdAt(address: string): bigint | undefined {
    return this.#steamIds().get(address);
  }

  #steamIds(): Map<string, bigint> {
    const ids = new Map<string, bigint>();
    for (const { server, address, listedPort } of this.hosted.all()) {
      const id = server.getSteamID();
      if (id !== 0n) ids.set(PeerAddress.of(address, listedPort).toString(), id);
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
