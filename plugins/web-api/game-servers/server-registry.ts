import { type Clock, PeerAddress } from 'beaconry';
import type { SteamGameServers } from 'beaconry/plugins/game-server';
import { AddressCount } from '../address-count.js';
import { hashBearer, newBearerSecret } from '../bearer-secret.js';
import { refuse } from '../call-error.js';
import { unauthenticated } from '../callers.js';
import type { HostedGameServers } from '../public.js';
import { HostedGameServer, type InitValues } from './hosted-game-server.js';
import { type ListingParts, ServerListing } from './server-listing.js';
import { SharedQueries } from './shared-queries.js';

export interface RegistryOptions {
  readonly maxServers: number;
  readonly maxServersPerAddress: number;
  /** Milliseconds. */
  readonly serverTimeout: number;
}

interface Entry {
  readonly hosted: HostedGameServer;
  readonly listing: ServerListing;
  readonly release: () => void;
}

/** All game servers that this process runs for others, by their handles. */
export class ServerRegistry implements HostedGameServers {
  readonly #entries = new Map<string, Entry>();
  readonly #count: AddressCount;

  constructor(
    private readonly servers: SteamGameServers,
    private readonly options: RegistryOptions,
    private readonly listing: ListingParts,
    private readonly clock: Clock,
  ) {
    this.#count = new AddressCount(
      'game servers',
      options.maxServers,
      options.maxServersPerAddress,
    );
  }

  get size(): number {
    return this.#entries.size;
  }

  *all(): Iterable<HostedGameServer> {
    for (const { hosted } of this.#entries.values()) yield hosted;
  }

  /**
   * Initialises a game server; errors 400 `INIT_REFUSED`, 429 `TOO_MANY_OF_ADDRESS`, 503 `FULL`. `reached` is the
   * host under which the caller reached this node.
   */
  create(
    address: string,
    init: InitValues,
    reached?: string,
  ): { readonly handle: string; readonly hosted: HostedGameServer } {
    const release = this.#count.take(address);
    try {
      return this.#create(address, init, reached, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  #create(address: string, init: InitValues, reached: string | undefined, release: () => void) {
    const { appId, version, gamePort, queryPort, mode, flags } = init;
    const socket = new SharedQueries(this.clock);
    const made = this.servers.create({ address, sharedSocket: socket });
    const data = { game_port: gamePort, query_port: queryPort, server_mode: mode };
    if (!made.server.initGameServer(data, appId, version, flags)) {
      const say =
        'init refuses these values: the query port must differ from the game port, or be 65535 to share its socket';
      throw refuse(400, 'INIT_REFUSED', say);
    }
    const handle = newBearerSecret();
    const handleHash = hashBearer(handle);
    const { clock } = this;
    const hosted = new HostedGameServer({ ...made, init, address, handleHash, clock });
    socket.answerFor(made.state, hosted.rules);
    const listing = new ServerListing(hosted, this.listing, (request, port) => {
      if (hosted.isShared && reached !== undefined)
        socket.push(request, PeerAddress.of(reached, port));
    });
    hosted.listing = listing;
    this.#entries.set(handleHash, { hosted, listing, release });
    return { handle, hosted };
  }

  /** Undefined for a handle that is nobody's; a known one counts as used. */
  find(handle: string): HostedGameServer | undefined {
    const hosted = this.#entries.get(hashBearer(handle))?.hosted;
    hosted?.touch();
    return hosted;
  }

  /** Error 401 `UNAUTHENTICATED`. */
  get(handle: string): HostedGameServer {
    const hosted = this.find(handle);
    if (hosted !== undefined) return hosted;
    throw unauthenticated('no game server has this handle, or it expired; init again');
  }

  end(hosted: HostedGameServer): void {
    const entry = this.#entries.get(hosted.handleHash);
    if (entry === undefined) return;
    this.#entries.delete(hosted.handleHash);
    entry.listing.end();
    entry.hosted.end();
    entry.release();
  }

  /** Delivers signals and keeps lists up to date. */
  pump(): void {
    for (const { hosted, listing } of this.#entries.values()) {
      hosted.pump();
      listing.update();
    }
  }

  /** Shuts down whoever was silent for too long. */
  expire(): void {
    const before = this.clock.monotonic() - this.options.serverTimeout;
    for (const { hosted } of this.#entries.values()) {
      if (hosted.sockets === 0 && hosted.lastUsed <= before) this.end(hosted);
    }
  }

  close(): void {
    for (const { hosted } of [...this.#entries.values()]) this.end(hosted);
  }
}
