import { canReach, GlobalLimit, reachOf } from 'beaconry';
import { encodeList } from './quake3-codec.js';
import { gameOf } from './server-table.js';

/** Packets that one request brings at most: its clients do not page. */
const packetsPerRequest = 16;
const cachedLists = 64;
/** Lists that are searched each second because no cache knows them, for all clients together. */
const searchesPerSecond = 200;

/** Answers list requests; what was sent once is kept until a server comes, goes or changes. */
export class ServerList {
  /** @type {Map<string, readonly Uint8Array[]>} */
  #lists = new Map();
  #version = -1;
  #table;
  #searches;

  /**
   * @param {import('./server-table.js').ServerTable} table
   * @param {Pick<import('beaconry').Clock, 'monotonic'>} clock
   */
  constructor(table, clock) {
    this.#table = table;
    this.#searches = new GlobalLimit(clock, { perSecond: searchesPerSecond });
  }

  /**
   * The packets of the answer; none when there is too much to search for.
   * @param {import('./quake3-codec.js').ListRequest} request
   * @param {import('beaconry').PeerAddress} from
   * @returns {readonly Uint8Array[]}
   */
  answer(request, from) {
    if (this.#version !== this.#table.version) {
      this.#lists.clear();
      this.#version = this.#table.version;
    }
    const key = JSON.stringify([request, reachOf(from)]);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    if (!this.#searches.take()) return [];
    const packets = encodeList(this.#matching(request, from), request.extended, packetsPerRequest);
    if (this.#lists.size >= cachedLists) this.#lists.clear();
    this.#lists.set(key, packets);
    return packets;
  }

  /**
   * @param {import('./quake3-codec.js').ListRequest} request
   * @param {import('beaconry').PeerAddress} from
   */
  *#matching(request, from) {
    const game = request.game || gameOf(request.protocol);
    for (const server of this.#table.servers()) {
      const { address, players, maxPlayers } = server;
      if (server.protocol !== request.protocol || server.game !== game) continue;
      if (!(address.isIPv4 ? request.ipv4 : request.ipv6)) continue;
      if (!request.empty && players === 0) continue;
      if (!request.full && players >= maxPlayers) continue;
      if (request.gameType !== undefined && server.gameType !== request.gameType) continue;
      if (canReach(from, address)) yield address;
    }
  }
}
