import { createServer, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { messageOf, ServerError } from '../errors.js';
import type { AddressFilters } from '../net/address-filter.js';
import { AddressRanges } from '../net/address-ranges.js';
import { PeerAddress } from '../net/peer-address.js';
import { readProxyHeaders } from '../net/proxied-connections.js';
import { readTlsFiles, type TlsFiles } from '../net/tls-files.js';
import { ConnectionCount } from './connection-count.js';
import { answerClientError } from './error-reply.js';

export interface HttpLimits {
  /** Most bytes of a request's body. */
  readonly bodyBytes: number;
  /** Milliseconds until all headers must have come. */
  readonly headersTimeout: number;
  /** Milliseconds until the whole request must have come. */
  readonly requestTimeout: number;
  /** Milliseconds that a connection with an answer under way may be silent in both directions. */
  readonly idleTimeout: number;
  /** Open connections of one listening socket. */
  readonly connections: number;
  /** Open connections of one IPv4 address or IPv6 /64; loopback and trusted proxies are exempt. */
  readonly connectionsPerAddress: number;
}

export const defaultLimits: HttpLimits = {
  bodyBytes: 1024 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  idleTimeout: 120_000,
  connections: 8192,
  connectionsPerAddress: 256,
};

export interface HttpSocketsOptions {
  readonly name: string;
  readonly binds: readonly { readonly host: string; readonly port: number }[];
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly trustedProxies: readonly string[];
  readonly filters?: AddressFilters;
  readonly limits: HttpLimits;
}

/** The listening sockets of one endpoint and all connections they took, bounded in number and time. */
export class HttpSockets {
  readonly #options: HttpSocketsOptions;
  readonly #servers: Server[] = [];
  /** With the address behind each: the peer's, or the one a trusted proxy named last. */
  readonly #sockets = new Map<Socket, string | undefined>();
  readonly #responses = new Set<ServerResponse>();
  readonly #count: ConnectionCount;
  #wake = () => {};
  #closing = false;

  constructor(options: HttpSocketsOptions) {
    this.#options = options;
    const { limits, trustedProxies } = options;
    this.#count = new ConnectionCount(limits.connectionsPerAddress, trustedProxies);
    options.filters?.onSweep(() => this.#sweep());
  }

  get addresses(): readonly PeerAddress[] {
    return this.#servers.flatMap((server) => {
      const address = server.address();
      if (address === null || typeof address === 'string') return [];
      return [PeerAddress.of(address.address, address.port)];
    });
  }

  /** Binds all addresses; when one fails the others are closed again. Errors `HTTP_BIND`, `TLS_FILES`. */
  async listen(
    onRequest: (...args: never[]) => void,
    onUpgrade: (...args: never[]) => void,
  ): Promise<void> {
    const { name, binds } = this.#options;
    try {
      for (const bind of binds) {
        const server = this.#create();
        server.on('request', (request, response) => {
          this.#track(response);
          onRequest(request as never, response as never);
        });
        server.on('upgrade', onUpgrade as (...args: unknown[]) => void);
        await listenOn(server, bind, name);
        this.#servers.push(server);
      }
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  /** Connections from now on see this certificate; open ones go on with theirs. */
  useCertificate({ cert, key }: TlsFiles): void {
    for (const server of this.#servers) {
      if (server instanceof TlsServer) server.setSecureContext({ cert, key });
    }
  }

  /** A trusted proxy said for whom it speaks on this connection. */
  speaksFor(socket: Socket, address: string): void {
    if (this.#sockets.has(socket)) this.#sockets.set(socket, address);
  }

  /** Ends connections of these responses at once: streams such as SSE have no end of their own. */
  endStreams(isStream: (response: ServerResponse) => boolean): void {
    for (const response of this.#responses) if (isStream(response)) response.destroy();
  }

  /** Takes no more connections, lets requests under way finish for `graceMs`, then cuts all that is left. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const response of this.#responses) response.shouldKeepAlive = false;
    for (const server of this.#servers) server.closeIdleConnections();
    if (graceMs > 0 && this.#sockets.size > 0) await this.#emptied(graceMs);
    for (const socket of this.#sockets.keys()) socket.destroy();
    await Promise.all(closed);
  }

  #emptied(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#wake = () => {
        if (this.#sockets.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #create(): Server {
    const { tls, limits } = this.#options;
    const options: ServerOptions = {
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      connectionsCheckingInterval: Math.min(5000, limits.headersTimeout),
      keepAliveTimeout: 10_000,
      maxHeaderSize: 16 * 1024,
    };
    const server =
      tls === undefined
        ? createServer(options)
        : createTlsServer({
            ...options,
            ...readTlsFiles(this.#options.name, tls),
            handshakeTimeout: limits.headersTimeout,
          });
    server.maxHeadersCount = 100;
    // A caller who reads nothing of his answer is cut off; event streams send something more often than that.
    server.timeout = limits.idleTimeout;
    server.maxConnections = limits.connections;
    server.on('connection', (socket) => this.#accept(socket));
    if (this.#options.trustedProxies.length > 0) {
      readProxyHeaders(server, {
        trusted: new AddressRanges(this.#options.trustedProxies),
        // Proxies that speak HTTP say it in X-Forwarded-For.
        required: false,
        refused: () => {},
      });
    }
    server.on('clientError', answerClientError);
    return server;
  }

  #sweep(): void {
    const { filters, name } = this.#options;
    for (const [socket, address] of this.#sockets) {
      if (filters?.refusesText(address, name) === true) socket.destroy();
    }
  }

  #accept(socket: Socket): void {
    const { filters, name } = this.#options;
    if (filters?.refusesText(socket.remoteAddress, name) === true) {
      socket.destroy();
      return;
    }
    // A connection that is over already has no address.
    const release =
      socket.remoteAddress === undefined ? undefined : this.#count.take(socket.remoteAddress);
    if (release === undefined) {
      socket.destroy();
      return;
    }
    this.#sockets.set(socket, socket.remoteAddress);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      release();
      this.#wake();
    });
  }

  #track(response: ServerResponse): void {
    this.#responses.add(response);
    if (this.#closing) response.shouldKeepAlive = false;
    response.once('close', () => this.#responses.delete(response));
  }
}

function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason =
        cause.code === 'EADDRINUSE'
          ? 'another program uses it; stop that one or choose another port'
          : messageOf(cause);
      reject(
        new ServerError(
          'HTTP_BIND',
          `endpoint ${name} cannot listen on ${host}:${port}: ${reason}`,
          {
            cause,
          },
        ),
      );
    });
    server.listen({ host, port }, resolve);
  });
}
