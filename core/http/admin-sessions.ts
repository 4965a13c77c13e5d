import { createHash, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Clock } from '../clock.js';
import { GlobalLimit } from '../net/rate-limit.js';
import type { TokenCheck } from './admin-auth.js';
import { HttpError } from './http-error.js';
import type { Routes } from './routes.js';

/** Seconds a login lasts. */
const LIFETIME = 12 * 3600;
const COOKIE = 'beaconry_admin';
/** Logins kept; the oldest makes room. */
const MOST = 64;
/** Logins with a wrong token, for all together: a chosen token may be short. */
const failures = { perSecond: 0.2, burst: 10 };

interface AdminSession {
  readonly csrf: string;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** What a route that only the admin may call finds in a cookie. */
export type SessionAccess = 'admitted' | 'no-session' | 'no-csrf-header';

/**
 * Logins of the operator's page: a cookie that scripts cannot read and other sites cannot send, and a value
 * that a page must repeat in the header `X-CSRF-Token` of everything that changes something. Sessions live
 * in memory and only as digests of their cookies; a restart ends them.
 */
export class AdminSessions {
  readonly #sessions = new Map<string, AdminSession>();
  readonly #failures: GlobalLimit;

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {
    this.#failures = new GlobalLimit(clock, failures);
  }

  access(request: FastifyRequest): SessionAccess {
    const session = this.#find(request);
    if (session === undefined) return 'no-session';
    if (request.method === 'GET' || request.method === 'HEAD') return 'admitted';
    return request.headers['x-csrf-token'] === session.csrf ? 'admitted' : 'no-csrf-header';
  }

  /** `POST`, `GET` and `DELETE /session`: log in, go on after a reload, log out. */
  routes(isToken: TokenCheck, secure: boolean): Routes {
    const Login = Type.Object({
      csrf: Type.String({ description: 'value of the header X-CSRF-Token' }),
      expiresIn: Type.Integer({ description: 'seconds' }),
    });
    const cookie = (value: string, age: number) =>
      `${COOKIE}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
    const noStore = (reply: FastifyReply) => reply.header('cache-control', 'no-store');
    return (scope) => {
      scope.post(
        '/session',
        {
          schema: {
            summary: 'Logs the operator in; the cookie lasts 12 hours',
            body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 512 }) }),
            response: { 200: Login },
          },
        },
        (request, reply) => {
          if (!isToken(request.body.token)) {
            if (this.#failures.take()) {
              throw new HttpError(403, 'FORBIDDEN', 'this is not the admin token');
            }
            throw new HttpError(
              429,
              'TOO_MANY_LOGINS',
              'too many wrong tokens; wait a moment',
              {},
              { 'retry-after': '5' },
            );
          }
          const { secret, csrf } = this.#open();
          noStore(reply).header('set-cookie', cookie(secret, LIFETIME));
          return { csrf, expiresIn: LIFETIME };
        },
      );
      scope.get(
        '/session',
        { schema: { summary: 'The login of this cookie', response: { 200: Login } } },
        (request, reply) => {
          const session = this.#find(request);
          if (session === undefined) throw new HttpError(401, 'UNAUTHENTICATED', 'not logged in');
          noStore(reply);
          const left = Math.floor((session.until - this.clock.monotonic()) / 1000);
          return { csrf: session.csrf, expiresIn: left };
        },
      );
      scope.delete('/session', { schema: { summary: 'Logs out' } }, (request, reply) => {
        if (this.access(request) !== 'admitted') {
          throw new HttpError(403, 'FORBIDDEN', 'not logged in, or X-CSRF-Token is missing');
        }
        this.#sessions.delete(digest(cookieOf(request)));
        return noStore(reply).code(204).header('set-cookie', cookie('', 0)).send();
      });
    };
  }

  #open(): { secret: string; csrf: string } {
    const secret = randomBytes(32).toString('base64url');
    const csrf = randomBytes(24).toString('base64url');
    const now = this.clock.monotonic();
    this.#sessions.set(digest(secret), { csrf, until: now + LIFETIME * 1000 });
    for (const [key, { until }] of this.#sessions) {
      if (until <= now || this.#sessions.size > MOST) this.#sessions.delete(key);
    }
    return { secret, csrf };
  }

  #find(request: FastifyRequest): AdminSession | undefined {
    const secret = cookieOf(request);
    if (secret === '') return undefined;
    const session = this.#sessions.get(digest(secret));
    return session !== undefined && session.until > this.clock.monotonic() ? session : undefined;
  }
}

/** Ours among all cookies; empty when there is none. */
const cookieOf = (request: FastifyRequest): string =>
  new RegExp(`(?:^|; *)${COOKIE}=([\\w-]{1,64})(?:;|$)`).exec(request.headers.cookie ?? '')?.[1] ??
  '';

/** Looking up a digest tells nothing about the cookies that exist. */
const digest = (text: string): string => createHash('sha256').update(text).digest('base64');
