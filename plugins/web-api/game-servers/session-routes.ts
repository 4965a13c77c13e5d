import type { HttpScope } from 'beaconry';
import { EBeginAuthSessionResult } from 'beaconry/steam';
import { Type } from 'typebox';
import { readBlob, readSteamId, refuse } from '../call-error.js';
import { SessionView, viewSessions } from './game-server-view.js';
import type { ServerOf } from './server-of.js';

const steamId = Type.String({ maxLength: 64, description: 'SteamID in any text form' });

/** Auth sessions of players. */
export function sessionRoutes(scope: HttpScope, of: ServerOf): void {
  const path = '/v1/gameservers/self/sessions';
  const params = Type.Object({ steamId });
  scope.get(
    path,
    {
      schema: {
        summary: 'Auth sessions until they are ended',
        response: { 200: Type.Object({ items: Type.Array(SessionView), next: Type.Null() }) },
      },
    },
    (request) => ({ items: viewSessions(of(request)), next: null }),
  );
  scope.post(
    path,
    {
      schema: {
        summary: 'Begins an auth session; 0 does not confirm the identity, the verdict does',
        body: Type.Object({
          ticket: Type.String({ maxLength: 16_384, description: 'base64 or hex' }),
          steamId,
          wait: Type.Optional(
            Type.Number({ minimum: 0, maximum: 30, description: 'seconds for the verdict' }),
          ),
        }),
        response: {
          200: Type.Object({
            beginResult: Type.Integer({ description: 'EBeginAuthSessionResult' }),
            verdict: Type.Optional(
              Type.Object({
                response: Type.Integer({ description: 'EAuthSessionResponse' }),
                ownerId: Type.String(),
              }),
            ),
          }),
        },
      },
    },
    async (request) => {
      const { ticket, steamId: text, wait = 0 } = request.body;
      const hosted = of(request);
      const id = readSteamId(text);
      const beginResult = hosted.server.beginAuthSession(readBlob(ticket), id);
      if (beginResult !== EBeginAuthSessionResult.OK || wait === 0) return { beginResult };
      const verdict = await hosted.server.waitForVerdict(id, wait * 1000).catch(() => undefined);
      hosted.touch();
      if (verdict === undefined) return { beginResult };
      const { response, ownerId } = verdict;
      return { beginResult, verdict: { response, ownerId: ownerId.toString() } };
    },
  );
  scope.patch(
    `${path}/:steamId`,
    {
      schema: {
        summary: 'Name and score of a player, for A2S_PLAYER',
        params,
        body: Type.Object({
          name: Type.Optional(Type.String({ maxLength: 128 })),
          score: Type.Optional(Type.Integer({ minimum: -0x80000000, maximum: 0xffffffff })),
        }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      if (!of(request).showPlayer(readSteamId(request.params.steamId), request.body)) {
        throw refuse(404, 'NO_SESSION', 'this player has no session here');
      }
      return reply.code(204).send(null);
    },
  );
  scope.delete(
    `${path}/:steamId`,
    { schema: { summary: 'Ends a session', params, response: { 204: Type.Null() } } },
    async (request, reply) => {
      of(request).forgetPlayer(readSteamId(request.params.steamId));
      return reply.code(204).send(null);
    },
  );
  scope.get(
    `${path}/:steamId/licences/:appId`,
    {
      schema: {
        summary: 'Whether a player may use an app or DLC',
        params: Type.Object({
          steamId,
          appId: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
        }),
        response: {
          200: Type.Object({
            result: Type.Integer({ description: 'EUserHasLicenseForAppResult' }),
          }),
        },
      },
    },
    (request) => ({
      result: of(request).server.userHasLicenseForApp(
        readSteamId(request.params.steamId),
        request.params.appId,
      ),
    }),
  );
}
