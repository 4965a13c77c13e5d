import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import { messageOf, ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { AddressFilters } from './address-filter.js';
import { AddressRanges } from './address-ranges.js';
import { bindError } from './bind-error.js';
import type { Connection } from './connection.js';
import { PacedTurns } from './paced-turns.js';
import { PeerAddress } from './peer-address.js';
import { proxiedSource, readProxyHeaders } from './proxied-connections.js';
import { SocketConnection } from './socket-connection.js';
import { readTlsFiles, type TlsFiles } from './tls-files.js';
import type { Bind } from './udp-listener.js';

export interface TcpListenerOptions {
  readonly name: string;
  readonly binds: readonly Bind[];
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Connections held at once, default 20,000; more are refused by closing them. */
  readonly maxConnections?: number;
  /** Addresses whose connections are cut. */
  readonly filters?: AddressFilters;
  /** Proxies that say in a PROXY v2 header for whom they speak, and must. */
  readonly trustedProxies?: readonly string[];
}

type Handler = (connection: Connection) => void;

/** Connections begun in one turn of the event loop. */
const ACCEPTS_PER_TURN = 16;

/** One configured TCP endpoint: its listening sockets, its one handler, its open connections. */
export class TcpListener {
  readonly name: string;
  readonly #servers: Server[] = [];
  readonly #open = new Set<SocketConnection>();
  readonly #accepts = new PacedTurns<Socket>(ACCEPTS_PER_TURN, (socket) => this.#accept(socket));
  #taken: { readonly owner: string; readonly handler: Handler } | undefined;
  readonly counters = { accepted: 0, refused: 0 };

  constructor(private readonly options: TcpListenerOptions) {
    this.name = options.name;
    options.filters?.onSweep(() => this.#sweep());
    const endpoint = { endpoint: this.name };
    options.metrics.gauge('open', 'Open connections.', () => this.#open.size, endpoint);
    options.metrics.total(
      'accepted_total',
      'Accepted connections.',
      () => this.counters.accepted,
      endpoint,
    );
    options.metrics.total(
      'refused_total',
      'Connections refused: filtered, over the limit, or no TLS.',
      () => this.counters.refused,
      endpoint,
    );
  }

  get hosts(): readonly string[] {
    return this.options.binds.map(({ host }) => host);
  }

  get addresses(): readonly PeerAddress[] {
    return this.#servers.flatMap((server) => {
      const address = server.address();
      return address === null || typeof address === 'string'
        ? []
        : [PeerAddress.of(address.address, address.port)];
    });
  }

  get open(): number {
    return this.#open.size;
  }

  take(owner: string, handler: Handler): () => void {
    if (this.#taken !== undefined) {
      throw new ServerError(
        'ENDPOINT_TAKEN',
        `plugins ${this.#taken.owner} and ${owner} both want the connections of endpoint ${this.name}; ` +
          'give one of them another endpoint',
      );
    }
    this.#taken = { owner, handler };
    return () => {
      this.#taken = undefined;
    };
  }

  async bind(): Promise<void> {
    for (const { host, port } of this.options.binds) {
      const server = this.#createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', (cause) => reject(bindError(this.name, 'tcp', host, port, cause)));
        server.listen({ host, port, ipv6Only: host !== '::', backlog: 1024 }, resolve);
      });
      // Out of descriptors and the like: the listening socket lives on.
      server.on('error', (error) =>
        this.options.log.warn({ error: error.message }, 'accept failed'),
      );
      this.#servers.push(server);
    }
  }

  /** Connections from now on see this certificate; open ones go on with theirs. */
  useCertificate({ cert, key }: TlsFiles): void {
    for (const server of this.#servers) {
      if (server instanceof TlsServer) server.setSecureContext({ cert, key });
    }
  }

  /** No new connections; the open ones go on. */
  stopAccepting(): void {
    for (const socket of this.#accepts.clear()) this.#refuse(socket);
    for (const server of this.#servers) if (server.listening) server.close();
  }

  /** Ends what is open and waits until it has gone, at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.stopAccepting();
    for (const connection of this.#open) connection.end(graceMs);
    const deadline = performance.now() + graceMs + 100;
    while (this.#open.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const connection of this.#open) connection.destroy();
    this.#servers.length = 0;
  }

  #createServer(): Server {
    const server = this.#createPlainOrTls();
    const { trustedProxies = [] } = this.options;
    const refused = () => {
      this.counters.refused++;
    };
    if (trustedProxies.length > 0) {
      readProxyHeaders(server, {
        trusted: new AddressRanges(trustedProxies),
        required: true,
        refused,
      });
    }
    // Also bounds those who are still in their TLS handshake.
    server.maxConnections = this.#most;
    server.on('tlsClientError', refused);
    server.on('drop', refused);
    return server;
  }

  #createPlainOrTls(): Server {
    const accept = (socket: Socket) => this.#enqueue(socket);
    const { tls } = this.options;
    return tls === undefined
      ? createTcpServer({ allowHalfOpen: true, pauseOnConnect: true }, accept)
      : createTlsServer(
          { ...readTlsFiles(this.name, tls), allowHalfOpen: true, handshakeTimeout: 10_000 },
          accept,
        );
  }

  get #most(): number {
    return this.options.maxConnections ?? 20_000;
  }

  #enqueue(socket: Socket): void {
    if (this.#open.size + this.#accepts.waiting >= this.#most) this.#refuse(socket);
    else this.#accepts.add(socket);
  }

  #refuse(socket: Socket): void {
    this.counters.refused++;
    socket.on('error', () => {});
    socket.destroy();
  }

  #sweep(): void {
    const { filters } = this.options;
    for (const connection of this.#open) {
      if (filters?.refuses(connection.from, this.name) === true) connection.destroy();
    }
  }

  #accept(socket: Socket): void {
    if (
      this.#taken === undefined ||
      socket.remoteAddress === undefined ||
      this.options.filters?.refusesText(socket.remoteAddress, this.name) === true
    ) {
      this.#refuse(socket);
      return;
    }
    this.counters.accepted++;
    const connection = new SocketConnection(socket, proxiedSource(socket), (gone) =>
      this.#open.delete(gone),
    );
    this.#open.add(connection);
    const { owner, handler } = this.#taken;
    try {
      handler(connection);
    } catch (error) {
      this.options.log.error(
        { plugin: owner, endpoint: this.name, err: error },
        `plugin ${owner} failed on a connection: ${messageOf(error)}`,
      );
      connection.destroy();
    }
  }
}
