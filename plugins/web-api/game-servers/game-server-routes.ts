import type { AddressLimit, Clock, HttpScope, Routes } from 'beaconry';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { refuse } from '../call-error.js';
import { bearerOf, limitCalls } from '../callers.js';
import { applySettings, Settings } from './game-server-setters.js';
import { GameServerView, viewGameServer } from './game-server-view.js';
import { diagnose } from './listing-diagnosis.js';
import { packetRoutes } from './packet-routes.js';
import { ruleRoutes } from './rule-routes.js';
import { ANSWER_TIME, type ServerOf } from './server-of.js';
import type { ServerRegistry } from './server-registry.js';
import { sessionRoutes } from './session-routes.js';
import { socialRoutes } from './social-routes.js';
import { ticketRoutes } from './ticket-routes.js';

export interface GameServerRoutesParts {
  readonly registry: ServerRegistry;
  /** Calls, and new game servers, of one address. */
  readonly calls: AddressLimit;
  readonly inits: AddressLimit;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly serverTimeout: number;
  /** IPv4 host under which a caller reaches this node's UDP endpoints; undefined when that cannot be known. */
  reachedAt(request: FastifyRequest): string | undefined;
}

/** `/v1/gameservers`: the interface of a game server over HTTP. */
export const gameServerRoutes =
  (parts: GameServerRoutesParts): Routes =>
  (scope) => {
    initRoute(scope, parts);
    scope.register(async (self) => {
      const own = self as unknown as HttpScope;
      own.addHook('onRequest', limitCalls(parts.calls));
      const of = (request: FastifyRequest) =>
        parts.registry.get(bearerOf(request, 'the handle of a game server'));
      stateRoutes(own, parts, of);
      ruleRoutes(own, of);
      sessionRoutes(own, of);
      ticketRoutes(own, of);
      socialRoutes(own, of);
      packetRoutes(own, of, parts.clock);
    });
  };

function initRoute(scope: HttpScope, parts: GameServerRoutesParts): void {
  scope.post(
    '/v1/gameservers',
    {
      onRequest: limitCalls(parts.inits),
      schema: {
        summary: 'Initialises a game server; the handle is the secret of whoever made it',
        body: Type.Object({
          appId: Type.Integer({
            minimum: 4,
            maximum: 0xffffffff,
            description: '1 to 3 cannot be told from a mode',
          }),
          version: Type.String({ maxLength: 63, description: 'usually x.x.x.x' }),
          gamePort: Type.Integer({ minimum: 1, maximum: 65535 }),
          queryPort: Type.Integer({
            minimum: 1,
            maximum: 65535,
            description: '65535: the game hands queries in from its own socket',
          }),
          mode: Type.Integer({ minimum: 1, maximum: 3, default: 3, description: 'EServerMode' }),
          flags: Type.Integer({ minimum: 0, maximum: 0xff, default: 0 }),
        }),
        response: {
          201: Type.Object({
            handle: Type.String(),
            expiresIn: Type.Number({ description: 'seconds without a call or a socket' }),
          }),
        },
      },
    },
    async (request, reply) => {
      const reached = parts.reachedAt(request);
      const { handle } = parts.registry.create(request.ip, request.body, reached);
      return reply.code(201).send({ handle, expiresIn: parts.serverTimeout / 1000 });
    },
  );
}

function stateRoutes(scope: HttpScope, { registry }: GameServerRoutesParts, of: ServerOf): void {
  const path = '/v1/gameservers/self';
  scope.get(
    path,
    { schema: { summary: 'Whole state', response: { 200: GameServerView } } },
    (request) => viewGameServer(of(request)),
  );
  scope.patch(
    path,
    {
      schema: {
        summary: 'Many setters at once, all or nothing',
        body: Settings,
        response: { 200: GameServerView },
      },
    },
    (request) => {
      const hosted = of(request);
      applySettings(hosted, request.body);
      return viewGameServer(hosted);
    },
  );
  scope.delete(
    path,
    { schema: { summary: 'Logs off and shuts down', response: { 204: Type.Null() } } },
    async (request, reply) => {
      registry.end(of(request));
      return reply.code(204).send(null);
    },
  );
  scope.post(
    `${path}/logon`,
    {
      schema: {
        summary: 'Logs on, anonymously without a token; answers once the backend did, or after 5 s',
        body: Type.Object({
          token: Type.Optional(
            Type.String({ maxLength: 128, description: 'login token, 32 hex digits' }),
          ),
        }),
        response: { 200: GameServerView },
      },
    },
    async (request) => {
      const hosted = of(request);
      const { state } = hosted.server;
      if (state !== 'ready' && state !== 'off') {
        throw refuse(409, 'NOT_LOGGED_OFF', `the game server is ${state}; log off first`);
      }
      const settled = Promise.race([
        hosted.nextSignal('server_connected', () => true, ANSWER_TIME),
        hosted.nextSignal('server_connect_failure', () => true, ANSWER_TIME),
      ]);
      hosted.call('LogOn', request.body);
      await settled;
      return viewGameServer(hosted);
    },
  );
  scope.post(
    `${path}/logoff`,
    { schema: { summary: 'Logs off', response: { 200: GameServerView } } },
    (request) => {
      const hosted = of(request);
      hosted.server.logOff();
      return viewGameServer(hosted);
    },
  );
  scope.get(
    `${path}/public-ip`,
    {
      schema: {
        summary: 'Address from which the backend saw the logon come',
        response: {
          200: Type.Object({
            ipv4: Type.Integer({ description: 'number in host order; 0: unknown' }),
            ipv6: Type.String(),
            type: Type.Integer({ description: 'ESteamIPType' }),
            text: Type.String(),
          }),
        },
      },
    },
    (request) => {
      const { ipv4, ipv6, type, text } = of(request).server.getPublicIP();
      return { ipv4, ipv6: ipv6.toString(), type, text };
    },
  );
  scope.get(
    `${path}/diagnosis`,
    {
      schema: {
        summary: 'What keeps players away, each with the call that mends it',
        response: {
          200: Type.Object({
            items: Type.Array(
              Type.Object({ code: Type.String(), problem: Type.String(), call: Type.String() }),
            ),
          }),
        },
      },
    },
    (request) => ({ items: diagnose(of(request)) }),
  );
}
