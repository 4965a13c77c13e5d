import { HttpError, ServerError } from 'beaconry';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';

export const App = Type.Integer({ minimum: 0, maximum: 0xffffffff });

const STATUS: Readonly<Record<string, number>> = {
  FAKE_IP_BUSY: 503,
  FAKE_IP_NO_MATCH: 404,
  FAKE_IP_LIMIT: 409,
  FAKE_IP_REPLAYED: 409,
  SERVER_CLOSED: 409,
  SERVER_UNKNOWN: 404,
  APP_UNKNOWN: 404,
  NO_LICENCE: 403,
  NOT_LOGGED_ON: 403,
  NO_COORDINATOR: 503,
  NO_ACCOUNTS: 503,
};
/** A login that is not believed. */
const UNBELIEVED = /^(CERT|LOGIN)_/;

/** Refusals become answers with their code. */
export async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ServerError) || error instanceof HttpError) throw error;
    const status = UNBELIEVED.test(error.code) ? 403 : (STATUS[error.code] ?? 400);
    throw new HttpError(status, error.code, error.message);
  }
}

export const tooMany = (what: string): HttpError =>
  new HttpError(429, 'TOO_MANY_REQUESTS', `too many ${what}`, {}, { 'retry-after': '1' });

export const bearer = (request: FastifyRequest): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
