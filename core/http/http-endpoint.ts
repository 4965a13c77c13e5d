import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import websocket from '@fastify/websocket';
import fastify, { type FastifyPluginAsync, type FastifyReply, LogController } from 'fastify';
import { messageOf, ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { AddressFilters } from '../net/address-filter.js';
import type { PeerAddress } from '../net/peer-address.js';
import type { TlsFiles } from '../net/tls-files.js';
import { type RequireAdmin, refuseAdmin } from './admin-auth.js';
import { refuseUpgrade, replyNotFound, replyWithError } from './error-reply.js';
import { tagRead } from './etag.js';
import { HttpError } from './http-error.js';
import { fastifyLog } from './http-log.js';
import { OriginCheck } from './http-origin.js';
import { defaultLimits, type HttpLimits, HttpSockets } from './http-sockets.js';
import { prepareRoute } from './route-preparation.js';
import type { Routes } from './routes.js';
import { compileSchema } from './schema-compiler.js';

export interface HttpEndpointOptions {
  readonly name: string;
  readonly binds: readonly { readonly host: string; readonly port: number }[];
  /** Files in PEM form. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly log: Logger;
  /** CIDRs whose X-Forwarded-For counts. */
  readonly trustedProxies: readonly string[];
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  /** Addresses whose connections are cut, and whose requests through a trusted proxy are refused. */
  readonly filters?: AddressFilters;
  /** For the API description. */
  readonly title?: string;
  readonly version?: string;
  readonly limits?: Partial<HttpLimits>;
}

interface Part {
  readonly owner: string;
  readonly routes: Routes;
  readonly prefix: string;
}

const maxFrameBytes = 64 * 1024;

/** Sent with every answer unless its route says otherwise. */
const defaultHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/** One fastify app on all addresses of an endpoint: `add` routes, `build` once, `listen`, `close`. */
export class HttpEndpoint {
  readonly name: string;
  readonly #options: HttpEndpointOptions;
  readonly #limits: HttpLimits;
  readonly #sockets: HttpSockets;
  readonly #parts = new Set<Part>();
  readonly #hijackable = new WeakMap<ServerResponse, FastifyReply>();
  #app: ReturnType<HttpEndpoint['create']> | undefined;
  #requireAdmin: RequireAdmin = refuseAdmin;

  constructor(options: HttpEndpointOptions) {
    this.name = options.name;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#sockets = new HttpSockets({ ...options, limits: this.#limits });
  }

  /** Routes of one owner, which also becomes their tag in the API description. Until `build`. */
  add(owner: string, routes: Routes, prefix: string): () => void {
    if (this.#app !== undefined) {
      throw new ServerError(
        'HTTP_BUILT',
        `${owner} adds routes to endpoint ${this.name} after it was built; call context.http() in setup`,
      );
    }
    const part = { owner, routes, prefix };
    this.#parts.add(part);
    return () => {
      this.#parts.delete(part);
    };
  }

  /** Nobody from another machine can connect. */
  get isLoopback(): boolean {
    return this.#options.binds.every(({ host }) => /^(127\.|::1$|localhost$)/.test(host));
  }

  /** People on other machines read it, be it through a proxy on this one. */
  get isRemote(): boolean {
    return !this.isLoopback || this.#options.trustedProxies.length > 0;
  }

  /** What `scope.requireAdmin` checks; until then it refuses everybody. */
  useAdmin(requireAdmin: RequireAdmin): void {
    this.#requireAdmin = requireAdmin;
  }

  /** Errors `HTTP_ROUTES` and `ROUTE_TWICE` name the plugins. */
  async build(): Promise<void> {
    const app = this.create();
    this.#app = app;
    const { title = 'beaconry', version = '0' } = this.#options;
    await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title, version } } });
    await app.register(websocket, {
      options: { maxPayload: maxFrameBytes },
      errorHandler: (error, socket) => {
        const stranger = /^(WS_ERR_|ECONN|EPIPE)/.test((error as NodeJS.ErrnoException).code ?? '');
        if (!stranger) this.#options.log.error({ err: error }, 'a WebSocket route failed');
        socket.terminate();
      },
      // Ours: `close` says goodbye, waits, and then ends the sockets.
      preClose: (done) => done(),
    });
    const owners = new Map<string, string>();
    for (const { owner, routes, prefix } of this.#parts) {
      try {
        await app.register(this.#plugin(owner, routes, owners), { prefix });
      } catch (cause) {
        if (cause instanceof ServerError) throw cause;
        throw new ServerError(
          'HTTP_ROUTES',
          `the routes of ${owner} on endpoint ${this.name} are wrong: ${messageOf(cause)}`,
          { cause },
        );
      }
    }
    await app.ready();
  }

  async listen(): Promise<void> {
    const app = this.#built();
    await this.#sockets.listen(
      (request: IncomingMessage, response: ServerResponse) => app.routing(request, response),
      (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        if (request.headers.upgrade?.toLowerCase() === 'websocket') {
          app.server.emit('upgrade', request, socket, head);
        } else {
          refuseUpgrade(request, socket);
        }
      },
    );
  }

  useCertificate(files: TlsFiles): void {
    this.#sockets.useCertificate(files);
  }

  /** It speaks TLS itself. */
  get isSecure(): boolean {
    return this.#options.tls !== undefined;
  }

  get addresses(): readonly PeerAddress[] {
    return this.#sockets.addresses;
  }

  /** Says goodbye to WebSockets, ends event streams, lets requests finish for `graceMs`, then cuts what is left. */
  async close(graceMs: number): Promise<void> {
    const app = this.#app;
    this.#sockets.endStreams((response) => this.#hijackable.get(response)?.sent === true);
    for (const client of app?.websocketServer?.clients ?? []) {
      client.close(1001, 'server is stopping');
    }
    await this.#sockets.close(graceMs);
    await app?.close();
  }

  /** The API description of all routes. */
  openapi(): object {
    return this.#built().swagger();
  }

  /** A request without a socket, for tests. */
  get inject(): ReturnType<HttpEndpoint['create']>['inject'] {
    return this.#built().inject;
  }

  #built(): ReturnType<HttpEndpoint['create']> {
    if (this.#app !== undefined) return this.#app;
    throw new ServerError('HTTP_NOT_BUILT', `endpoint ${this.name} is not built yet`);
  }

  private create() {
    const { log, trustedProxies } = this.#options;
    const app = fastify({
      loggerInstance: fastifyLog(log),
      childLoggerFactory: (logger) => logger,
      logController: new LogController({ disableRequestLogging: true }),
      // Set-up has its own time limit per plugin.
      pluginTimeout: 0,
      forceCloseConnections: true,
      bodyLimit: this.#limits.bodyBytes,
      trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
      frameworkErrors: (error, request, reply) => replyWithError(log, error, request, reply),
      // Never listens: the sockets of the endpoint hand their requests to it.
      serverFactory: (handler) => createServer(handler),
    });
    // JSON is all that routes read, unless they say otherwise.
    app.removeContentTypeParser('text/plain');
    app.setValidatorCompiler(compileSchema);
    app.setErrorHandler((error, request, reply) => replyWithError(log, error, request, reply));
    app.setNotFoundHandler(replyNotFound);
    app.decorate('requireAdmin', (...args: Parameters<RequireAdmin>) =>
      this.#requireAdmin(...args),
    );
    const origins = new OriginCheck(this.#options);
    app.addHook('onRequest', (request, reply, done) => {
      this.#hijackable.set(reply.raw, reply);
      reply.headers(defaultHeaders);
      this.#sockets.speaksFor(request.raw.socket, request.ip);
      if (this.#options.filters?.refusesText(request.ip, this.name) === true) {
        // Cutting the connection of a proxy would make it believe that this server is down.
        done(new HttpError(403, 'ADDRESS_REFUSED', 'nothing is served to this address'));
        return;
      }
      reply.header(
        'cache-control',
        request.headers.authorization === undefined ? 'no-cache' : 'no-store',
      );
      if (!origins.check(request, reply)) done();
    });
    app.addHook('onSend', (request, reply, payload, done) => {
      done(null, tagRead(request, reply, payload));
    });
    return app;
  }

  #plugin(owner: string, routes: Routes, owners: Map<string, string>): FastifyPluginAsync {
    return async (instance) => {
      const scope = instance.withTypeProvider<TypeBoxTypeProvider>();
      scope.addHook('onRoute', (route) =>
        prepareRoute(route, { owner, owners, endpoint: this.name }),
      );
      await routes(scope);
    };
  }
}
