import { type AddressLimit, PeerAddress } from 'beaconry';
import type { FastifyRequest } from 'fastify';
import { refuse, tooOften } from './call-error.js';

/** The secret of `Authorization: Bearer …`; error 401 `UNAUTHENTICATED`. */
export function bearerOf(request: FastifyRequest, who: string): string {
  const bearer = /^Bearer +(\S{1,8192}) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  throw unauthenticated(`this needs ${who} as Authorization: Bearer …`);
}

export const unauthenticated = (message: string) => {
  const error = refuse(401, 'UNAUTHENTICATED', message);
  return Object.assign(error, { headers: { 'www-authenticate': 'Bearer realm="beaconry"' } });
};

/** A hook that counts each request for its address; error 429 with `Retry-After`. */
export const limitCalls = (limit: AddressLimit) => async (request: FastifyRequest) => {
  if (!limit.take(PeerAddress.of(request.ip, 0))) throw tooOften();
};
