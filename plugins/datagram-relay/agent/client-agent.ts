import { ServerError } from 'beaconry';
import { isFakeIpPort } from 'beaconry/plugins/fake-ip';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { DEV_POP } from '../../coordinator/sdr/pop-code-codec.js';
import { checkRelayTicket } from '../../coordinator/sdr/relay-ticket.js';
import { ClientConnection } from './client-connection.js';
import type { Connection } from './connection.js';
import { DirectClient } from './direct-client.js';
import type { NetworkMeasurement } from './network-measurement.js';
import {
  RelayAccess,
  type RelayAccessOptions,
  requireNetwork,
  type TrustedNetwork,
} from './relay-access.js';
import { readTicketWay, suitsMode } from './ticket-way.js';

/** What the agent of a player needs. */
export interface ClientAgentOptions extends RelayAccessOptions {
  readonly identity: string;
  readonly appId: number;
  credentials(): Promise<Credentials>;
  /** A ticket for a server and virtual port, from cache or coordinator; ServerError says why there is none. */
  ticket(server: string, virtualPort: number): Promise<Uint8Array>;
  /**
   * A ticket to a FakeIP's port, for which its server is asked each time (`AutoTicketRequests`); absent: FakeIPs
   * cannot be reached. No other ticket leads there.
   */
  autoTicket?(server: string, virtualPort: number): Promise<Uint8Array>;
  readonly dev?: boolean;
}

const MAX_CONNECTIONS = 1024;

/** A player's side of the relay network: measures relays, opens connections, keeps them on the best way. */
export class ClientAgent {
  readonly #access: RelayAccess;
  readonly #connections = new Set<ClientConnection>();
  readonly #direct: DirectClient;

  constructor(private readonly options: ClientAgentOptions) {
    this.#access = new RelayAccess(options);
    this.#direct = new DirectClient(options);
  }

  /** Pings to POPs, the own marker, and how well the network can be reached. */
  get measurement(): NetworkMeasurement {
    return this.#access.measurement;
  }

  async start(): Promise<this> {
    await this.#access.start(() => {
      for (const connection of [...this.#connections]) connection.tick();
      this.#direct.tick();
      return this.#connections.size > 0;
    });
    return this;
  }

  async close(): Promise<void> {
    for (const { connection } of [...this.#connections]) connection.close();
    this.#connections.clear();
    await this.#direct.close();
    await this.#access.close();
  }

  /**
   * Connects to virtual ports of a hosted server: over relays, or over plain UDP where the network config says
   * `direct_mode: udp`. The promise gives the connection before it is connected. NO_NETWORK_CONFIG, DIRECT_MODE for a
   * ticket that was made for the other way, the codes of `ticket`, `autoTicket` and `credentials`, TICKET_EXPIRED with the time.
   */
  async connect(server: string, ports: readonly number[] = [0]): Promise<Connection> {
    const { credentials, network, clock, appId, identity } = this.options;
    if (this.#connections.size + this.#direct.size >= MAX_CONNECTIONS) {
      throw new ServerError('TOO_MANY_CONNECTIONS', `${MAX_CONNECTIONS} connections are open`);
    }
    requireNetwork(network());
    const [bytes, own] = await Promise.all([this.#ticket(server, ports), credentials()]);
    const { config, certificates } = requireNetwork(network());
    const way = readTicketWay(bytes, certificates);
    if (way.expiresAt * 1000 < clock.now()) {
      const at = new Date(way.expiresAt * 1000).toISOString();
      throw new ServerError('TICKET_EXPIRED', `the ticket for ${server} expired at ${at}`);
    }
    if (!suitsMode(way, config.directMode)) {
      const text = `the ticket for ${server} is of no use in direct_mode ${config.directMode}; get another one`;
      throw new ServerError('DIRECT_MODE', text);
    }
    if (config.directMode === 'udp' && way.address !== undefined) {
      // Nothing is sent to an address that the coordinator did not name.
      const now = Math.floor(clock.now() / 1000);
      checkRelayTicket(bytes, certificates, {
        now,
        appId,
        client: identity,
        dev: this.options.dev === true,
      });
      return this.#direct.connect({ server, ports, address: way.address, ticket: way.stripped });
    }
    const made = new ClientConnection({
      appId,
      client: identity,
      server,
      pop: way.pop,
      ports,
      ticket: way.stripped,
      credentials: own,
      // A server without certificate passes in POP dev only: elsewhere a relay could stand in for it.
      dev: this.options.dev === true && way.pop === DEV_POP,
      clock,
      now: () => clock.monotonic(),
      unix: () => Math.floor(clock.now() / 1000),
      network: () => network() as TrustedNetwork,
      access: this.#access,
    });
    this.#connections.add(made);
    made.connection.onEnded = () => {
      made.release();
      this.#connections.delete(made);
    };
    made.tick();
    return made.connection;
  }

  async #ticket(server: string, ports: readonly number[]): Promise<Uint8Array> {
    const { ticket, autoTicket } = this.options;
    const [port = 0] = ports;
    if (!ports.some(isFakeIpPort)) return ticket(server, port);
    if (autoTicket !== undefined) return autoTicket(server, port);
    throw new ServerError(
      'AUTO_TICKET_MISSING',
      `no ticket of ${server} for its FakeIP can be had`,
    );
  }

  /** Ways each connection took, for people: newest last. */
  movesOf(connection: Connection): readonly string[] {
    for (const made of this.#connections) if (made.connection === connection) return made.moves;
    return [];
  }
}
