import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { messageOf, ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { AdminSessions } from './admin-sessions.js';
import { HttpError } from './http-error.js';

/** A preHandler or onRequest hook of fastify that lets only the admin through. */
export type RequireAdmin = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const hint =
  'it is in the file management.token of the data folder, or where management.token or management.tokenFile of the configuration says';

/** Nobody is the admin of an endpoint that was given no token. */
export const refuseAdmin: RequireAdmin = async () => {
  throw new HttpError(403, 'ADMIN_OFF', 'this endpoint has no admin token');
};

export interface AdminTokenOptions {
  /** The section `management` of the configuration. */
  readonly management: { readonly token: string | null; readonly tokenFile: string | null };
  /** The data folder. */
  readonly data: string;
  readonly log: Logger;
}

/** The configured token, else the one in `<data>/management.token` (0600), made at the first start. Error `ADMIN_TOKEN`. */
export function openAdminToken({ management, data, log }: AdminTokenOptions): string {
  if (management.token !== null) return nonEmpty(management.token, 'management.token');
  if (management.tokenFile !== null) return readToken(management.tokenFile);
  const file = join(data, 'management.token');
  const token = randomBytes(32).toString('base64url');
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${token}\n`, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      chmodSync(file, 0o600);
      return readToken(file);
    }
    throw new ServerError('ADMIN_TOKEN', `cannot write the admin token: ${messageOf(cause)}`, {
      cause,
    });
  }
  log.info({ file }, 'wrote a new admin token');
  return token;
}

/** Whether a text is the admin token, in constant time. */
export type TokenCheck = (given: string) => boolean;

export function tokenCheck(token: string): TokenCheck {
  const expected = digest(token);
  // Digests have one length, so the comparison tells nothing about the token's.
  return (given) => timingSafeEqual(digest(given), expected);
}

/**
 * Only callers with `Authorization: Bearer TOKEN` pass, or those whose cookie is a login of `sessions`;
 * 401 `UNAUTHENTICATED`, 403 `FORBIDDEN` or `NO_CSRF_TOKEN`.
 */
export function adminGuard(isToken: TokenCheck, sessions?: AdminSessions): RequireAdmin {
  return async (request) => {
    const { authorization } = request.headers;
    if (authorization === undefined && sessions !== undefined) {
      const access = sessions.access(request);
      if (access === 'admitted') return;
      if (access === 'no-csrf-header') {
        throw new HttpError(403, 'NO_CSRF_TOKEN', 'repeat the csrf value in X-CSRF-Token');
      }
    }
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (given === undefined) {
      throw new HttpError(
        401,
        'UNAUTHENTICATED',
        `this needs the admin token as Authorization: Bearer TOKEN; ${hint}`,
        {},
        { 'www-authenticate': 'Bearer realm="beaconry admin"' },
      );
    }
    if (!isToken(given)) {
      throw new HttpError(403, 'FORBIDDEN', `this is not the admin token; ${hint}`);
    }
  };
}

function readToken(file: string): string {
  try {
    return nonEmpty(readFileSync(file, 'utf8').trim(), file);
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    throw new ServerError(
      'ADMIN_TOKEN',
      `cannot read the admin token from ${file}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

function nonEmpty(token: string, place: string): string {
  if (/^\S+$/.test(token)) return token;
  throw new ServerError('ADMIN_TOKEN', `the admin token in ${place} is empty or has white space`);
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
