import type { Clock, PeerAddress } from 'beaconry';
import type { AgentSocket, OpenAgentSocket } from '../agent/agent-socket.js';
import type { Connection } from '../agent/connection.js';
import { ConnectionState } from '../agent/connection-state.js';

export interface ClientForwarderOptions {
  readonly clock: Clock;
  readonly openSocket: OpenAgentSocket;
  /** Loopback address and port to which the game connects. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly virtualPort: number;
  /** Opens a connection whose port table holds the virtual port so many times. */
  connect(ports: readonly number[]): Promise<Connection>;
  readonly onFailure?: (message: string) => void;
}

/** Programs on this machine that talk to the server at once: game, browser, query tool. */
const SOURCES = 16;
const QUEUE = 64;
const QUEUE_TIME = 1000;
const IDLE = 60_000;

interface Source {
  address: PeerAddress;
  usedAt: number;
}

/** A local UDP port that stands for a hosted server: an unmodified game connects to it. */
export class ClientForwarder {
  #socket: AgentSocket | undefined;
  #connection: Connection | undefined;
  #opening = false;
  #usedAt = 0;
  readonly #sources: Source[] = [];
  readonly #queue: { readonly index: number; readonly bytes: Uint8Array; readonly at: number }[] =
    [];
  #stopTimer: (() => void) | undefined;

  constructor(private readonly options: ClientForwarderOptions) {}

  get port(): number {
    return this.#socket?.port ?? 0;
  }
  get connection(): Connection | undefined {
    return this.#connection;
  }

  async start(): Promise<this> {
    const { openSocket, listen, clock } = this.options;
    this.#socket = await openSocket((bytes, from) => this.#fromGame(bytes, from), listen);
    this.#stopTimer = clock.every(1000, () => this.#sweep());
    return this;
  }

  async close(): Promise<void> {
    this.#stopTimer?.();
    this.#connection?.close();
    await this.#socket?.close();
  }

  #fromGame(bytes: Uint8Array, from: PeerAddress): void {
    const now = this.options.clock.monotonic();
    this.#usedAt = now;
    const index = this.#indexOf(from, now);
    if (this.#connection?.state === ConnectionState.connected) {
      this.#connection.sendAt(index, bytes);
      return;
    }
    while (this.#queue.length >= QUEUE) this.#queue.shift();
    this.#queue.push({ index, bytes: new Uint8Array(bytes), at: now });
    if (this.#connection === undefined && !this.#opening) void this.#open();
  }

  /** A place in the port table for each local program; the one silent for longest makes room. */
  #indexOf(from: PeerAddress, now: number): number {
    let oldest = 0;
    for (const [index, source] of this.#sources.entries()) {
      if (source.address.equals(from)) {
        source.usedAt = now;
        return index;
      }
      if (source.usedAt < (this.#sources[oldest]?.usedAt ?? 0)) oldest = index;
    }
    if (this.#sources.length < SOURCES) {
      this.#sources.push({ address: from.copy(), usedAt: now });
      return this.#sources.length - 1;
    }
    this.#sources[oldest] = { address: from.copy(), usedAt: now };
    return oldest;
  }

  async #open(): Promise<void> {
    this.#opening = true;
    try {
      const ports = new Array<number>(SOURCES).fill(this.options.virtualPort);
      const connection = await this.options.connect(ports);
      this.#connection = connection;
      connection.listener = {
        onDatagram: (_port, bytes, index) => {
          const source = this.#sources[index];
          if (source === undefined) return;
          this.#usedAt = this.options.clock.monotonic();
          this.#socket?.send(bytes, source.address);
        },
        onState: (state) => {
          if (state === ConnectionState.connected) this.#flush();
          else if (state > ConnectionState.connected) {
            this.#connection = undefined;
            if (connection.endReason >= 3000) {
              this.options.onFailure?.(`${connection.endReason}: ${connection.endText}`);
            }
          }
        },
      };
      if (connection.state === ConnectionState.connected) this.#flush();
    } catch (error) {
      this.options.onFailure?.(error instanceof Error ? error.message : String(error));
    } finally {
      this.#opening = false;
    }
  }

  #flush(): void {
    const now = this.options.clock.monotonic();
    for (const { index, bytes, at } of this.#queue.splice(0)) {
      if (now - at <= QUEUE_TIME) this.#connection?.sendAt(index, bytes);
    }
  }

  #sweep(): void {
    const now = this.options.clock.monotonic();
    if (this.#connection !== undefined && now - this.#usedAt > IDLE) {
      this.#connection.close(1000, 'idle');
      this.#connection = undefined;
    }
  }
}
