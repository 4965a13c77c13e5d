import type { Routes } from 'beaconry';
import type { SteamGameServer } from 'beaconry/plugins/game-server';
import type { SteamAdministration } from 'beaconry/plugins/steam-backend';
import { Type } from 'typebox';
import { readSteamId, refuse } from '../call-error.js';
import { isoTime } from '../json-value.js';
import { accountRoutes } from './account-routes.js';
import { AdminGuard, type GuardParts } from './admin-guard.js';
import { type AdminKey, MAX_KEYS } from './admin-keys.js';
import { licenceRoutes } from './licence-routes.js';
import { blockRoutes, groupRoutes } from './social-routes.js';
import { tokenRoutes } from './token-routes.js';

export interface AdminRoutesParts extends GuardParts {
  readonly administration: SteamAdministration;
  /** Game servers whose sessions are shown. */
  servers(): Iterable<SteamGameServer>;
}

const KeyView = Type.Object({
  id: Type.String(),
  scope: Type.String(),
  memo: Type.String(),
  owner: Type.Union([Type.String(), Type.Null()]),
  created: Type.String(),
});

/** Management of the backend and of keys, for the admin and keys with a scope. */
export const adminRoutes =
  (parts: AdminRoutesParts): Routes =>
  (scope) => {
    const guard = new AdminGuard(scope, parts);
    const { keys, administration } = parts;
    accountRoutes(scope, administration, guard);
    tokenRoutes(scope, administration, guard);
    licenceRoutes(scope, administration, guard);
    groupRoutes(scope, administration, guard);
    blockRoutes(scope, administration, guard);
    scope.get(
      '/sessions',
      {
        onRequest: guard.needs('read'),
        schema: {
          summary: 'Auth sessions on the game servers of this process',
          querystring: Type.Object({
            limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 }),
          }),
          response: {
            200: Type.Object({
              items: Type.Array(
                Type.Object({
                  server: Type.String(),
                  steamId: Type.String(),
                  state: Type.String(),
                  response: Type.Union([Type.Integer(), Type.Null()]),
                  ownerId: Type.String(),
                  begun: Type.String(),
                }),
              ),
              next: Type.Null(),
            }),
          },
        },
      },
      (request) => {
        const items = [...parts.servers()].flatMap((server) =>
          server.sessions().map((session) => ({
            server: server.getSteamID().toString(),
            steamId: session.steamId.toString(),
            state: session.state,
            response: session.response,
            ownerId: session.ownerId.toString(),
            begun: isoTime(session.begun),
          })),
        );
        return { items: items.slice(0, request.query.limit), next: null };
      },
    );
    scope.get(
      '/keys',
      {
        onRequest: guard.needs('admin'),
        schema: {
          summary: 'Keys of programs, without their secrets',
          response: { 200: Type.Object({ items: Type.Array(KeyView), next: Type.Null() }) },
        },
      },
      async () => ({ items: (await keys.list()).map(viewKey), next: null }),
    );
    scope.post(
      '/keys',
      {
        onRequest: guard.needs('admin'),
        schema: {
          summary: 'Makes a key; it is shown this once. A publisher key has the scope server',
          body: Type.Object({
            scope: Type.Union([
              Type.Literal('read'),
              Type.Literal('server'),
              Type.Literal('admin'),
            ]),
            memo: Type.String({ maxLength: 255, default: '' }),
            owner: Type.Optional(
              Type.String({ maxLength: 64, description: 'SteamID that answers for its tokens' }),
            ),
          }),
          response: { 201: Type.Object({ ...KeyView.properties, key: Type.String() }) },
        },
      },
      async (request, reply) => {
        const { scope: wanted, memo, owner } = request.body;
        const named = owner === undefined ? null : readSteamId(owner).toString();
        const made = await keys.add(wanted, memo, named);
        if (made === undefined) {
          throw refuse(409, 'TOO_MANY_KEYS', `there are ${MAX_KEYS} keys; remove one first`);
        }
        await guard.audit(request, { made: 'key', id: made.key.id, scope: wanted });
        return reply.code(201).send({ ...viewKey(made.key), key: made.secret });
      },
    );
    scope.delete(
      '/keys',
      {
        onRequest: guard.needs('admin'),
        schema: {
          summary: 'Removes a key',
          querystring: Type.Object({ id: Type.String({ minLength: 12, maxLength: 12 }) }),
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { id } = request.query;
        if (!(await keys.remove(id))) throw refuse(404, 'NOT_FOUND', 'there is no such key');
        await guard.audit(request, { removed: 'key', id });
        return reply.code(204).send(null);
      },
    );
  };

const viewKey = ({ id, scope, memo, owner, created }: AdminKey) => ({
  ...{ id, scope, memo, owner },
  created: isoTime(created),
});
