import { type Clock, DecodeError, type PeerAddress, ServerError } from 'beaconry';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import type { AgentSocket, OpenAgentSocket } from '../agent/agent-socket.js';
import { ConnectionState, EndReason } from '../agent/connection-state.js';
import { newSessionId } from '../agent/hop.js';
import { PlainUdpAcceptor } from './plain-udp-acceptor.js';
import * as codec from './plain-udp-codec.js';
import { PlainLead } from './plain-udp-codec.js';
import { PlainUdpConnection } from './plain-udp-connection.js';
import { PlainUdpDial } from './plain-udp-dial.js';
import { expectedPeer, type PlainUdpRules, requirePlainUdp } from './plain-udp-rules.js';
import { SessionOffer } from './session-offer.js';

/** What an agent needs that uses UDP without relays. */
export interface PlainUdpAgentOptions extends PlainUdpRules {
  readonly clock: Clock;
  readonly openSocket: OpenAgentSocket;
  readonly listen?: { readonly host?: string; readonly port: number };
  credentials(): Promise<Credentials>;
  /** Takes connections of others; false refuses one. Absent: nobody may connect. */
  accept?(connection: PlainUdpConnection): boolean;
  readonly maxConnections?: number;
}

const TICK = 100;
const NO_CONNECTION_PAUSE = 250;

/**
 * Connections over plain UDP, to an address and from anybody (sdr section 16): for networks whose config says
 * `direct_mode: udp`. Both sides see each other's address.
 */
export class PlainUdpAgent {
  #socket: AgentSocket | undefined;
  #credentials: Credentials | undefined;
  readonly #acceptor: PlainUdpAcceptor | undefined;
  readonly #dials = new Map<number, PlainUdpDial>();
  readonly #connections = new Map<number, PlainUdpConnection>();
  #saidNothingAt = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;
  /** Datagrams that were nothing of this wire or of nobody here. */
  strange = 0;

  constructor(private readonly options: PlainUdpAgentOptions) {
    const { clock, accept, maxConnections = 1024 } = options;
    if (accept === undefined) return;
    this.#acceptor = new PlainUdpAcceptor({
      clock,
      credentials: () => this.#credentials,
      expectation: () =>
        options.network()?.config.directMode === 'udp' ? expectedPeer(options) : undefined,
      send: (bytes, to) => this.#socket?.send(bytes, to),
      connection: (id, address) => this.#connection(id, address, false),
      isTaken: (id) => this.#connections.has(id),
      isFull: () => this.#connections.size >= maxConnections,
      accept,
    });
  }

  get counters(): PlainUdpAcceptor['counters'] | undefined {
    return this.#acceptor?.counters;
  }
  get port(): number {
    return this.#socket?.port ?? 0;
  }
  get connections(): readonly PlainUdpConnection[] {
    return [...this.#connections.values()];
  }

  async start(): Promise<this> {
    const { openSocket, listen, clock, credentials } = this.options;
    this.#credentials = await credentials();
    this.#socket = await openSocket((bytes, from) => this.#receive(bytes, from), listen);
    this.#stopTimer = clock.every(TICK, () => this.#tick());
    return this;
  }

  async close(): Promise<void> {
    this.#stopTimer?.();
    for (const connection of this.connections) connection.close();
    await this.#socket?.close();
    this.#socket = undefined;
  }

  /** Connects to an address. DIRECT_MODE where the network config wants relays, NO_NETWORK_CONFIG. */
  async connect(address: PeerAddress, identity?: string): Promise<PlainUdpConnection> {
    requirePlainUdp(this.options.network());
    const { credentials, maxConnections = 1024 } = this.options;
    if (this.#connections.size >= maxConnections) {
      throw new ServerError('TOO_MANY_CONNECTIONS', `${maxConnections} connections are open`);
    }
    const offer = new SessionOffer(await credentials());
    return this.dial(
      address,
      offer,
      newSessionId((taken) => this.#connections.has(taken)),
      identity,
    );
  }

  /** The same with everything that is random given. */
  dial(
    address: PeerAddress,
    offer: SessionOffer,
    id: number,
    identity?: string,
  ): PlainUdpConnection {
    const connection = this.#connection(id, address.copy(), true);
    const expectation = () => expectedPeer(this.options, identity);
    const dial = new PlainUdpDial(connection, offer, expectation);
    this.#dials.set(id, dial);
    dial.tick();
    return connection;
  }

  #connection(id: number, address: PeerAddress, isClient: boolean): PlainUdpConnection {
    const connection = new PlainUdpConnection({
      id,
      isClient,
      address,
      now: () => this.options.clock.monotonic(),
      send: (bytes) => this.#socket?.send(bytes, address),
    });
    this.#connections.set(id, connection);
    connection.onEnded = () => {
      this.#connections.delete(id);
      this.#dials.delete(id);
      this.#acceptor?.forget(connection);
    };
    return connection;
  }

  #tick(): void {
    for (const [id, dial] of this.#dials) {
      if (dial.connection.state === ConnectionState.connected) this.#dials.delete(id);
      else dial.tick();
    }
    for (const connection of this.connections) connection.tick();
  }

  #receive(bytes: Uint8Array, from: PeerAddress): void {
    try {
      if (codec.isPlainData(bytes)) this.#data(bytes, from);
      else this.#handshake(bytes, from);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.strange++;
    }
  }

  #data(bytes: Uint8Array, from: PeerAddress): void {
    if (bytes.length < codec.DATA_HEADER + 16) return;
    const connection = this.#connections.get(codec.decodePlainData(bytes).connectionId | 0);
    if (connection?.options.address.equals(from) === true) connection.receive(bytes);
    else this.strange++;
  }

  #handshake(bytes: Uint8Array, from: PeerAddress): void {
    switch (bytes[0]) {
      case PlainLead.challengeRequest:
        this.#acceptor?.challenge(bytes, from);
        break;
      case PlainLead.challengeReply: {
        const { connectionId } = codec.decodePlain(PlainLead.challengeReply, bytes);
        this.#dialOf(connectionId, from)?.challenged(bytes);
        break;
      }
      case PlainLead.connectRequest:
        this.#acceptor?.request(bytes, from);
        break;
      case PlainLead.connectOk: {
        const { clientConnectionId } = codec.decodePlain(PlainLead.connectOk, bytes);
        const dial = this.#dialOf(clientConnectionId, from);
        if (dial?.accepted(bytes) === true) this.#dials.delete(clientConnectionId | 0);
        break;
      }
      case PlainLead.connectionClosed:
        this.#closed(bytes, from);
        break;
      case PlainLead.noConnection: {
        const { toConnectionId, fromConnectionId } = codec.decodePlain(
          PlainLead.noConnection,
          bytes,
        );
        const connection = this.#known(toConnectionId, fromConnectionId, from);
        connection?.fail(EndReason.noConnection, 'the other side knows nothing of this connection');
        break;
      }
      default:
        this.strange++;
    }
  }

  #dialOf(id: number, from: PeerAddress): PlainUdpDial | undefined {
    const dial = this.#dials.get(id | 0);
    return dial?.connection.options.address.equals(from) === true ? dial : undefined;
  }

  /** A connection that both ids and the address name. */
  #known(own: number, far: number, from: PeerAddress): PlainUdpConnection | undefined {
    const connection = this.#connections.get(own | 0);
    if (connection?.options.address.equals(from) !== true) return undefined;
    return (connection.farId | 0) === (far | 0) ? connection : undefined;
  }

  #closed(bytes: Uint8Array, from: PeerAddress): void {
    const closed = codec.decodePlain(PlainLead.connectionClosed, bytes);
    const { toConnectionId, fromConnectionId, reasonCode, debug } = closed;
    const connection = this.#known(toConnectionId, fromConnectionId, from);
    const now = this.options.clock.monotonic();
    if (connection === undefined && now - this.#saidNothingAt < NO_CONNECTION_PAUSE) return;
    if (connection === undefined) this.#saidNothingAt = now;
    this.#socket?.send(
      codec.encodePlain(PlainLead.noConnection, {
        fromConnectionId: toConnectionId,
        toConnectionId: fromConnectionId,
      }),
      from,
    );
    connection?.fail(reasonCode, debug.slice(0, 127), ConnectionState.closedByPeer);
  }
}
