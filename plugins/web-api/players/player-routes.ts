import type { AddressLimit, Routes } from 'beaconry';
import type { SteamBackend } from 'beaconry/plugins/steam-backend';
import { EResult } from 'beaconry/steam';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { readBlob, refuse } from '../call-error.js';
import { bearerOf, limitCalls } from '../callers.js';
import type { LogonCredential, PlayerRegistry } from './player-registry.js';

export interface PlayerRoutesParts {
  readonly players: PlayerRegistry;
  readonly backend: SteamBackend;
  readonly calls: AddressLimit;
  /** Milliseconds. */
  readonly playerTimeout: number;
}

const appId = Type.Integer({ minimum: 1, maximum: 0xffffffff });

/** Accounts, logon and tickets of players. */
export const playerRoutes =
  ({ players, backend, calls, playerTimeout }: PlayerRoutesParts): Routes =>
  (scope) => {
    const onRequest = limitCalls(calls);
    const of = (request: FastifyRequest) =>
      players.get(bearerOf(request, 'the token or account key of a player'), request.ip);
    scope.post(
      '/v1/accounts',
      {
        onRequest,
        schema: {
          summary: 'Makes an account, where the operator lets players do so; its key is shown once',
          body: Type.Object({ name: Type.String({ maxLength: 64, default: '' }) }),
          response: { 201: Type.Object({ steamId: Type.String(), accountKey: Type.String() }) },
        },
      },
      async (request, reply) => {
        const { result, account } = await backend.createAccount(request.ip, request.body.name);
        if (account === undefined) throw refusedAccount(result);
        const { steamId, accountKey } = account;
        return reply.code(201).send({ steamId: steamId.toString(), accountKey });
      },
    );
    scope.post(
      '/v1/logon',
      {
        onRequest,
        schema: {
          summary: 'Logs a player on with one of the credentials',
          body: Type.Object({
            accountKey: Type.Optional(Type.String({ maxLength: 128 })),
            jwt: Type.Optional(Type.String({ maxLength: 8192 })),
            steamTicket: Type.Optional(
              Type.String({ maxLength: 16_384, description: 'base64 or hex' }),
            ),
            appId,
          }),
          response: {
            200: Type.Object({
              connection: Type.String(),
              steamId: Type.String(),
              token: Type.String(),
              expiresIn: Type.Number({ description: 'seconds without a call or a socket' }),
            }),
          },
        },
      },
      async (request) => {
        const credential = credentialOf(request.body);
        const { player, token } = await players.logOn(credential, request.body.appId, request.ip);
        return {
          connection: player.id,
          steamId: player.steamId.toString(),
          token,
          expiresIn: playerTimeout / 1000,
        };
      },
    );
    scope.post(
      '/v1/logoff',
      { onRequest, schema: { summary: 'Logs the player off', response: { 204: Type.Null() } } },
      async (request, reply) => {
        await players.logOff(await of(request));
        return reply.code(204).send(null);
      },
    );
    scope.post(
      '/v1/tickets',
      {
        onRequest,
        schema: {
          summary: 'A ticket; answers when the backend knows it, so that it may be sent at once',
          body: Type.Object({
            appId,
            identity: Type.Optional(
              Type.String({ maxLength: 128, description: 'who alone may verify it' }),
            ),
            kind: Type.Union([Type.Literal('session'), Type.Literal('webapi')], {
              default: 'session',
            }),
          }),
          response: { 201: Type.Object({ handle: Type.Integer(), ticket: Type.String() }) },
        },
      },
      async (request, reply) => {
        const { appId: app, kind, identity } = request.body;
        const player = await of(request);
        return reply.code(201).send({ ...(await player.ticket(app, kind, identity)) });
      },
    );
    scope.delete(
      '/v1/tickets/:handle',
      {
        onRequest,
        schema: {
          summary: 'Cancels a ticket: its verifiers get code 6',
          params: Type.Object({ handle: Type.Integer({ minimum: 0, maximum: 0xffffffff }) }),
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        (await of(request)).cancel(request.params.handle);
        return reply.code(204).send(null);
      },
    );
  };

interface Credentials {
  readonly accountKey?: string;
  readonly jwt?: string;
  readonly steamTicket?: string;
}

/** Error 400 `CREDENTIAL` unless exactly one is given. */
function credentialOf({ accountKey, jwt, steamTicket }: Credentials): LogonCredential {
  const given: LogonCredential[] = [
    ...(accountKey === undefined ? [] : [{ accountKey }]),
    ...(jwt === undefined ? [] : [{ jwt }]),
    ...(steamTicket === undefined ? [] : [{ steamTicket: readBlob(steamTicket) }]),
  ];
  const [only] = given;
  if (only !== undefined && given.length === 1) return only;
  throw refuse(400, 'CREDENTIAL', 'give exactly one of accountKey, jwt and steamTicket');
}

const refusedAccount = (result: EResult) =>
  result === EResult.RateLimitExceeded
    ? Object.assign(refuse(429, 'RATE_LIMITED', 'too many accounts from this address'), {
        headers: { 'retry-after': '60' },
      })
    : refuse(403, 'ACCOUNTS_CLOSED', 'the operator makes accounts here', { result });
