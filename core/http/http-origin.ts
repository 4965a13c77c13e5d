import { isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from './http-error.js';

export interface OriginOptions {
  /** Names this server answers for, besides IP literals and localhost. */
  readonly hosts: readonly string[];
  /** Origins of foreign pages that may call, such as `https://example.org`. */
  readonly origins: readonly string[];
}

/**
 * Refuses what a foreign page or a rebound name could send with a visitor's browser: a `Host` that is not ours,
 * and an `Origin` that is neither this host itself nor configured. Configured origins get CORS answers.
 */
export class OriginCheck {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ hosts, origins }: OriginOptions) {
    this.#hosts = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  }

  /** Returns true when it has answered a CORS preflight. Errors `HOST_REFUSED`, `ORIGIN_REFUSED`. */
  check(request: FastifyRequest, reply: FastifyReply): boolean {
    // The header as it came: X-Forwarded-Host could be set by a page under a rebound name.
    const host = request.headers.host?.toLowerCase() ?? '';
    if (!this.#isOurs(host)) {
      throw new HttpError(
        421,
        'HOST_REFUSED',
        `this server does not answer for host ${JSON.stringify(host.slice(0, 100))}; its operator adds names to http.hosts`,
      );
    }
    const origin = request.headers.origin?.toLowerCase();
    reply.header('vary', 'Origin');
    if (origin === undefined || hostOfOrigin(origin) === host) return false;
    if (!this.#origins.has(origin)) {
      throw new HttpError(
        403,
        'ORIGIN_REFUSED',
        `pages of ${JSON.stringify(origin.slice(0, 100))} may not call this server; its operator adds origins to http.origins`,
      );
    }
    reply.headers({
      'access-control-allow-origin': request.headers.origin as string,
      'access-control-expose-headers': 'ETag, Retry-After',
      'cross-origin-resource-policy': 'cross-origin',
    });
    const method = request.headers['access-control-request-method'];
    if (request.method !== 'OPTIONS' || method === undefined) return false;
    reply
      .code(204)
      .headers({
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': 'Authorization, Content-Type, If-None-Match, Last-Event-ID',
        'access-control-max-age': '600',
      })
      .send();
    return true;
  }

  #isOurs(host: string): boolean {
    const name = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(host);
    if (name?.[1] !== undefined) return isIP(name[1]) === 6;
    const plain = name?.[2]?.replace(/\.$/, '');
    return plain !== undefined && (isIP(plain) === 4 || this.#hosts.has(plain));
  }
}

/** `Host` as a browser would send it to this origin; undefined for `null` and other non-web origins. */
const hostOfOrigin = (origin: string): string | undefined =>
  /^https?:\/\/([^/?#@]+)$/.exec(origin)?.[1];
