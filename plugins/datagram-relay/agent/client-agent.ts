import { type Clock, DecodeError, type PeerAddress, ServerError } from 'beaconry';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import { hostedAddressPop } from '../../coordinator/sdr/hosted-address-codec.js';
import type { NetworkConfig } from '../../coordinator/sdr/network-config-codec.js';
import {
  estimatePing,
  estimatePingToPop,
  popDistances,
} from '../../coordinator/sdr/ping-estimate.js';
import {
  formatPingLocation,
  type PingLocation,
  type PopPing,
  parsePingLocation,
} from '../../coordinator/sdr/ping-location-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { DEV_POP } from '../../coordinator/sdr/pop-code-codec.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
  encodeSignedRelayTicket,
} from '../../coordinator/sdr/relay-ticket-codec.js';
import { CONTROL, DATA, isHopPacket, readWord, sessionIdOf } from '../data-codec.js';
import { Lead } from '../relay-codec.js';
import type { AgentSocket, OpenAgentSocket } from './agent-socket.js';
import { ClientConnection } from './client-connection.js';
import type { Connection } from './connection.js';
import { newSessionId } from './hop.js';
import { pingOf, RelayProber } from './relay-prober.js';

/** The network config that is in force, and whom it makes us trust. */
export interface TrustedNetwork {
  readonly config: NetworkConfig;
  readonly certificates: CertificateStore;
}

export interface ClientAgentOptions {
  readonly clock: Clock;
  readonly openSocket: OpenAgentSocket;
  readonly identity: string;
  readonly appId: number;
  /** Undefined: no config yet. */
  network(): TrustedNetwork | undefined;
  credentials(): Promise<Credentials>;
  /** A ticket for a server and virtual port, from cache or coordinator; ServerError says why there is none. */
  ticket(server: string, virtualPort: number): Promise<Uint8Array>;
  readonly dev?: boolean;
  readonly fakePings?: ReadonlyMap<string, number>;
}

/** Availability of the relay network, as Steam numbers it (sdr section 10). */
export const Availability = {
  cannotTry: -102,
  failed: -101,
  previously: -100,
  retrying: -10,
  unknown: 0,
  neverTried: 1,
  waiting: 2,
  attempting: 3,
  current: 100,
} as const;

export interface NetworkStatus {
  readonly overall: number;
  readonly pingMeasurementRunning: boolean;
  readonly config: number;
  readonly anyRelay: number;
  /** For a player. */
  readonly text: string;
}

const TICK = 100;
const PROBE_EVERY = 1000;
const MAX_CONNECTIONS = 1024;

/** A player's side of the relay network: measures relays, opens connections, keeps them on the best way. */
export class ClientAgent {
  readonly prober: RelayProber;
  #socket: AgentSocket | undefined;
  readonly #connections = new Set<ClientConnection>();
  readonly #byId = new Map<number, ClientConnection>();
  #config: NetworkConfig | undefined;
  #probedAt = Number.NEGATIVE_INFINITY;
  #startedAt = 0;
  #stopTimer: (() => void) | undefined;

  constructor(private readonly options: ClientAgentOptions) {
    this.prober = new RelayProber(
      options.clock,
      (bytes, to) => this.#socket?.send(bytes, to),
      options.fakePings,
    );
  }

  async start(): Promise<this> {
    const { openSocket, clock } = this.options;
    this.#socket = await openSocket((bytes, from) => this.#receive(bytes, from));
    this.#startedAt = clock.monotonic();
    this.#stopTimer = clock.every(TICK, () => this.#tick());
    this.#tick();
    return this;
  }

  async close(): Promise<void> {
    this.#stopTimer?.();
    for (const { connection } of [...this.#connections]) connection.close();
    this.#connections.clear();
    await this.#socket?.close();
    this.#socket = undefined;
  }

  /**
   * Connects to virtual ports of a hosted server; the promise gives the connection before it is connected.
   * NO_NETWORK_CONFIG, the codes of `ticket` and `credentials`, TICKET_EXPIRED with the time.
   */
  async connect(server: string, ports: readonly number[] = [0]): Promise<Connection> {
    const { ticket, credentials, network, clock, appId, identity } = this.options;
    if (this.#connections.size >= MAX_CONNECTIONS) {
      throw new ServerError('TOO_MANY_CONNECTIONS', `${MAX_CONNECTIONS} connections are open`);
    }
    if (network() === undefined) {
      throw new ServerError('NO_NETWORK_CONFIG', 'the network config is not here yet');
    }
    const [bytes, own] = await Promise.all([ticket(server, ports[0] ?? 0), credentials()]);
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
      relays: () => this.prober.relays,
      cookie: (relay) => {
        const cookie = this.prober.cookie(relay);
        if (cookie === undefined) this.prober.probe(relay);
        return cookie;
      },
      send: (data, to) => this.#socket?.send(data, to),
      newId: (owner) => {
        const id = newSessionId((taken) => this.#byId.has(taken));
        this.#byId.set(id, owner);
        return id;
      },
      dropId: (id) => this.#byId.delete(id),
    });
    this.#connections.add(made);
    made.connection.onEnded = () => {
      made.release();
      this.#connections.delete(made);
    };
    made.tick();
    return made.connection;
  }

  /** Ways each connection took, for people: newest last. */
  movesOf(connection: Connection): readonly string[] {
    for (const made of this.#connections) if (made.connection === connection) return made.moves;
    return [];
  }

  /** Known POPs. */
  get pops(): readonly string[] {
    return [...(this.options.network()?.config.pops.keys() ?? [])];
  }

  /** Milliseconds to the nearest relay of a POP; undefined: not measured. */
  directPing(pop: string): number | undefined {
    const pings = this.prober.relays
      .filter((relay) => relay.pop === pop)
      .map(pingOf)
      .filter((ping) => ping !== undefined);
    return pings.length === 0 ? undefined : Math.min(...pings);
  }

  /** Milliseconds to a POP by the best first relay, and its POP. */
  relayedPing(pop: string): { readonly ping: number; readonly via: string } | undefined {
    const distance = this.#distance();
    let best: { ping: number; via: string } | undefined;
    for (const relay of this.prober.relays) {
      const front = pingOf(relay);
      const between = distance(relay.pop, pop);
      if (front === undefined || between === undefined) continue;
      const ping = Math.round(front + between);
      if (best === undefined || ping < best.ping) best = { ping, via: relay.pop };
    }
    return best;
  }

  /** The own marker: pings to POPs and nothing else. */
  get location(): string {
    return formatPingLocation(this.#location());
  }

  /** Estimated round trip to another marker; -1 when it cannot be read, -2 when unknown. */
  estimatePing(other: string): number {
    try {
      return estimatePing(this.#location(), parsePingLocation(other), this.#distance());
    } catch (error) {
      if (error instanceof DecodeError) return -1;
      throw error;
    }
  }

  estimatePingToPop(pop: string): number {
    return estimatePingToPop(this.#location(), pop, this.#distance());
  }

  /** How well the network can be reached, with a sentence for a player. */
  get status(): NetworkStatus {
    const { clock, network } = this.options;
    if (network() === undefined) {
      const text = 'The list of relays could not be loaded yet. Check your internet connection.';
      return this.#status(Availability.attempting, Availability.attempting, 0, text);
    }
    const { relays } = this.prober;
    const alive = relays.filter((relay) => pingOf(relay) !== undefined);
    if (alive.length > 0) {
      const text = `Connected to the relay network: ${alive.length} of ${relays.length} relays answer.`;
      return this.#status(100, 100, 100, text);
    }
    const before = relays.some(({ pings }) => pings.length > 0);
    if (clock.monotonic() - this.#startedAt < 3000) {
      return this.#status(
        Availability.attempting,
        100,
        Availability.attempting,
        'Measuring relays.',
      );
    }
    const text = before
      ? 'The connection to all relays was lost. Trying again.'
      : 'No relay answers. A firewall may block UDP, or you are offline.';
    const relay = before ? Availability.retrying : Availability.failed;
    return this.#status(relay, 100, relay, text);
  }

  #status(overall: number, config: number, anyRelay: number, text: string): NetworkStatus {
    const running = this.prober.relays.some(({ pings }) => pings.length === 0);
    return { overall, config, anyRelay, text, pingMeasurementRunning: running };
  }

  #distance() {
    return popDistances(this.options.network()?.config.typicalPings ?? []);
  }

  #location(): PingLocation {
    const location = new Map<string, PopPing>();
    for (const pop of this.pops) {
      const direct = this.directPing(pop);
      if (direct === undefined) continue;
      const rounded = Math.min(2000, Math.round(direct));
      const relayed = this.relayedPing(pop);
      location.set(pop, {
        direct: rounded,
        penalty: Math.floor(rounded / 10),
        ...(relayed === undefined || relayed.via === pop || relayed.ping > 2000
          ? {}
          : { relayed: { ping: relayed.ping, penalty: 0 } }),
      });
    }
    return location;
  }

  #tick(): void {
    const now = this.options.clock.monotonic();
    const config = this.options.network()?.config;
    if (config !== undefined && config !== this.#config) {
      this.#config = config;
      this.prober.update(config);
    }
    const pause = this.#connections.size > 0 ? PROBE_EVERY : PROBE_EVERY * 5;
    const first = this.prober.relays.some(({ pings }) => pings.length < 2);
    if (now - this.#probedAt >= (first ? Math.min(pause, 500) : pause)) {
      this.#probedAt = now;
      this.prober.probe();
    }
    for (const connection of [...this.#connections]) connection.tick();
  }

  #receive(bytes: Uint8Array, from: PeerAddress): void {
    const first = bytes[0] ?? 0;
    try {
      if (first === Lead.probeOk) this.prober.answered(bytes, from);
      else if (first === Lead.openOk || first === Lead.refused) {
        if (bytes.length < 6) return;
        const id = readWord(bytes, 2);
        this.#byId.get(id)?.answer(id, bytes, from);
      } else if ((first & DATA) !== 0 || first === CONTROL) {
        if (!isHopPacket(bytes)) return;
        const id = sessionIdOf(bytes);
        if (first === CONTROL) this.#byId.get(id)?.control(id, bytes);
        else this.#byId.get(id)?.receive(id, bytes);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
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
