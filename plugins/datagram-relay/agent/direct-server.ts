import { type PeerAddress, ServerError } from 'beaconry';
import { isFakeIpPort } from 'beaconry/plugins/fake-ip';
import { DEV_POP } from '../../coordinator/sdr/pop-code-codec.js';
import { checkRelayTicket } from '../../coordinator/sdr/relay-ticket.js';
import { PlainUdpAgent } from '../plain-udp/plain-udp-agent.js';
import { isPlainData, PlainLead } from '../plain-udp/plain-udp-codec.js';
import type { PlainUdpConnection } from '../plain-udp/plain-udp-connection.js';
import type { AgentSocket } from './agent-socket.js';
import { ConnectionState } from './connection-state.js';
import { DirectConnection } from './direct-connection.js';
import { type DirectTable, MAX_TABLE } from './direct-frame-codec.js';
import { servedTable } from './end-answer.js';
import { requireNetwork } from './relay-access.js';
import type { ServerAgentOptions } from './server-agent.js';

/**
 * A hosted server's side of plain UDP, on the same socket as that for relays: only where the network config says
 * `direct_mode: udp`, and with the same tickets. In any other mode a stranger gets no answer.
 */
export class DirectServer {
  readonly #agent: PlainUdpAgent;
  readonly #connections = new Set<DirectConnection>();
  #receive: (bytes: Uint8Array, from: PeerAddress) => void = () => {};

  /** `hasRoom`: for one more connection, of whatever kind. */
  constructor(
    private readonly options: ServerAgentOptions &
      Required<Pick<ServerAgentOptions, 'credentials'>>,
    socket: AgentSocket,
    private readonly hasRoom: () => boolean,
  ) {
    const { clock, appId, network, credentials, maxConnections = 1024 } = options;
    this.#agent = new PlainUdpAgent({
      ...{ clock, appId, network, maxConnections },
      credentials: async () => credentials,
      openSocket: async (onDatagram) => {
        this.#receive = onDatagram;
        return {
          port: socket.port,
          send: (bytes, to) => socket.send(bytes, to),
          close: async () => {},
        };
      },
      accept: (plain) => this.#accept(plain),
    });
  }

  get connections(): readonly DirectConnection[] {
    return [...this.#connections];
  }

  async start(): Promise<this> {
    await this.#agent.start();
    return this;
  }

  /** Whether the datagram was of this wire; others are none of its business. */
  receive(bytes: Uint8Array, from: PeerAddress): boolean {
    const [first = 0] = bytes;
    const isHandshake = first >= PlainLead.challengeRequest && first <= PlainLead.noConnection;
    if (!isHandshake && !isPlainData(bytes)) return false;
    const isWanted = this.options.network()?.config.directMode === 'udp';
    if (!isWanted && this.#agent.connections.length === 0) return false;
    if (!isWanted && first <= PlainLead.connectRequest) return false;
    this.#receive(bytes, from);
    return true;
  }

  /** To be called about every 100 ms. */
  tick(): void {
    for (const connection of this.connections) connection.tick();
  }

  close(): Promise<void> {
    for (const connection of this.connections) connection.close(1000, 'server ends');
    return this.#agent.close();
  }

  /** Who the client is shows when the handshake is done, a moment later. */
  #accept(plain: PlainUdpConnection): boolean {
    if (!this.hasRoom()) return false;
    // Until a ticket was shown nobody may fill memory here.
    plain.limitReceived(MAX_TABLE);
    plain.listener = {
      onState: (state) => {
        if (state === ConnectionState.connected) this.#add(plain);
      },
    };
    return true;
  }

  #add(plain: PlainUdpConnection): void {
    const remote = plain.remote ?? '';
    const name = (plain.options.id >>> 0).toString(16);
    const facts = { remote, name, isClient: false, ports: this.options.ports };
    const now = () => this.options.clock.monotonic();
    const judge = (table: DirectTable) => this.#judge(connection, plain, table);
    const connection: DirectConnection = new DirectConnection(facts, plain, now, judge);
    this.#connections.add(connection);
    connection.onEnded = () => this.#connections.delete(connection);
  }

  /** As relays do; codes of `checkRelayTicket`, DIRECT_REFUSED. */
  #judge(connection: DirectConnection, plain: PlainUdpConnection, table: DirectTable) {
    const { appId, identity, network, clock, ports, pop, accept } = this.options;
    const ticket = checkRelayTicket(table.ticket, requireNetwork(network()).certificates, {
      ...{ appId, client: connection.facts.remote, address: plain.options.address },
      now: Math.floor(clock.now() / 1000),
      dev: pop === DEV_POP,
    });
    if (ticket.server !== identity) throw refused('the ticket is for another server');
    const { virtualPort: named } = ticket;
    const isForAll = table.ports.every((port) =>
      named === undefined ? !isFakeIpPort(port) : port === named,
    );
    if (!isForAll) throw refused('the ticket is for other virtual ports');
    const served = servedTable(table.ports, ports);
    if (served === undefined) throw refused('no such virtual port is served');
    this.#makeRoom(connection);
    if (!accept(connection)) throw refused('the server takes no more players');
    plain.limitReceived(undefined);
    return served;
  }

  /** A player's newest connections win. */
  #makeRoom({ facts }: DirectConnection): void {
    const others = this.connections.filter(
      (one) => one.facts.remote === facts.remote && one.state === ConnectionState.connected,
    );
    for (const old of others.slice(0, Math.max(0, others.length + 1 - MOST_OF_PLAYER))) old.close();
  }
}

/** Connections of one player; relays allow as many for a ticket. */
const MOST_OF_PLAYER = 2;

const refused = (text: string): ServerError => new ServerError('DIRECT_REFUSED', text);
