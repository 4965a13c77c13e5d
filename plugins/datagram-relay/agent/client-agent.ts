import { DecodeError, ServerError } from 'beaconry';
import { isFakeIpPort } from 'beaconry/plugins/fake-ip';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import { hostedAddressPop } from '../../coordinator/sdr/hosted-address-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { DEV_POP } from '../../coordinator/sdr/pop-code-codec.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
  encodeSignedRelayTicket,
} from '../../coordinator/sdr/relay-ticket-codec.js';
import { ClientConnection } from './client-connection.js';
import type { Connection } from './connection.js';
import type { NetworkMeasurement } from './network-measurement.js';
import {
  RelayAccess,
  type RelayAccessOptions,
  requireNetwork,
  type TrustedNetwork,
} from './relay-access.js';

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

  constructor(private readonly options: ClientAgentOptions) {
    this.#access = new RelayAccess(options);
  }

  /** Pings to POPs, the own marker, and how well the network can be reached. */
  get measurement(): NetworkMeasurement {
    return this.#access.measurement;
  }

  async start(): Promise<this> {
    await this.#access.start(() => {
      for (const connection of [...this.#connections]) connection.tick();
      return this.#connections.size > 0;
    });
    return this;
  }

  async close(): Promise<void> {
    for (const { connection } of [...this.#connections]) connection.close();
    this.#connections.clear();
    await this.#access.close();
  }

  /**
   * Connects to virtual ports of a hosted server; the promise gives the connection before it is connected.
   * NO_NETWORK_CONFIG, the codes of `ticket`, `autoTicket` and `credentials`, TICKET_EXPIRED with the time.
   */
  async connect(server: string, ports: readonly number[] = [0]): Promise<Connection> {
    const { credentials, network, clock, appId, identity } = this.options;
    if (this.#connections.size >= MAX_CONNECTIONS) {
      throw new ServerError('TOO_MANY_CONNECTIONS', `${MAX_CONNECTIONS} connections are open`);
    }
    requireNetwork(network());
    const [bytes, own] = await Promise.all([this.#ticket(server, ports), credentials()]);
    const { ticket: fields, stripped } = readTicket(bytes, network()?.certificates);
    if (fields.expiresAt * 1000 < clock.now()) {
      const at = new Date(fields.expiresAt * 1000).toISOString();
      throw new ServerError('TICKET_EXPIRED', `the ticket for ${server} expired at ${at}`);
    }
    const made = new ClientConnection({
      appId,
      client: identity,
      server,
      pop: hostedAddressPop(fields.route),
      ports,
      ticket: stripped,
      credentials: own,
      // A server without certificate passes in POP dev only: elsewhere a relay could stand in for it.
      dev: this.options.dev === true && hostedAddressPop(fields.route) === DEV_POP,
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

/** The ticket's fields, and the ticket without a chain that relays know from the network config. */
function readTicket(bytes: Uint8Array, store: CertificateStore | undefined) {
  try {
    const signed = decodeSignedRelayTicket(bytes);
    const ticket = decodeRelayTicket(signed.ticket);
    const known = store?.has(signed.keyId) === true;
    const stripped = known ? encodeSignedRelayTicket({ ...signed, certificates: [] }) : bytes;
    return { ticket, stripped };
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('TICKET_MALFORMED', `ticket: ${cause.message}`, { cause });
  }
}
