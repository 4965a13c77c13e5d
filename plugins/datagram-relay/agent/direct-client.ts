import type { PeerAddress } from 'beaconry';
import { PlainUdpAgent, type PlainUdpAgentOptions } from '../plain-udp/plain-udp-agent.js';
import { DirectConnection } from './direct-connection.js';

export interface DirectTarget {
  readonly server: string;
  readonly address: PeerAddress;
  readonly ports: readonly number[];
  readonly ticket: Uint8Array;
}

/** A player's side of plain UDP to hosted servers; its socket is opened with the first connection. */
export class DirectClient {
  readonly #connections = new Set<DirectConnection>();
  #agent: Promise<PlainUdpAgent> | undefined;

  constructor(private readonly options: PlainUdpAgentOptions) {}

  get size(): number {
    return this.#connections.size;
  }

  /** Codes of {@link PlainUdpAgent.connect}. The promise gives the connection before it is connected. */
  async connect({ server, address, ports, ticket }: DirectTarget): Promise<DirectConnection> {
    this.#agent ??= new PlainUdpAgent(this.options).start();
    const agent = await this.#agent;
    const plain = await agent.connect(address, server);
    const name = (plain.options.id >>> 0).toString(16);
    const facts = { remote: server, name, isClient: true, ports };
    const now = () => this.options.clock.monotonic();
    const connection = new DirectConnection(facts, plain, now, { ports, ticket });
    this.#connections.add(connection);
    connection.onEnded = () => this.#connections.delete(connection);
    return connection;
  }

  /** To be called about every 100 ms. */
  tick(): void {
    for (const connection of [...this.#connections]) connection.tick();
  }

  async close(): Promise<void> {
    for (const connection of [...this.#connections]) connection.close();
    await (await this.#agent?.catch(() => undefined))?.close();
  }
}
