import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawServerDefault,
} from 'fastify';
import type { PeerAddress } from '../net/peer-address.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook of a route that only the holder of the admin token may call: `{ onRequest: scope.requireAdmin }`. */
    requireAdmin: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  }
}

/** The encapsulated, typed fastify scope in which one plugin declares its routes; schemas are typebox. */
export type HttpScope = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Called once, when all plugins are set up and before the endpoint listens. */
export type Routes = (scope: HttpScope) => void | Promise<void>;

/** Where routes are served. */
export interface RoutesOptions {
  /** Name of an http endpoint, or several; default `http`. */
  readonly endpoint?: string | readonly string[];
  /** Path before all routes, such as `/v1`. */
  readonly prefix?: string;
  /** These routes are for this machine only: on an endpoint that others reach set-up fails with this text. */
  readonly loopbackOnly?: string;
  /** A server without that endpoint does without the routes, too; otherwise it is an error. */
  readonly ifPresent?: boolean;
}

/** Where routes are served. */
export interface HttpEndpoints {
  /** Bound addresses; known from `ServerStarted` on, when port 0 was replaced by the real one. */
  readonly addresses: readonly PeerAddress[];
  /** All of them speak TLS. */
  readonly isSecure: boolean;
}
