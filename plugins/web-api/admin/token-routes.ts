import type { HttpScope } from 'beaconry';
import type { ServerAccount, SteamAdministration } from 'beaconry/plugins/steam-backend';
import { Type } from 'typebox';
import { readSteamId } from '../call-error.js';
import { isoTime, isoTimeOrNull } from '../json-value.js';
import type { AdminGuard } from './admin-guard.js';
import { appId, id, items, nothing, removed } from './admin-schemas.js';

const TokenView = Type.Object({
  steamId: Type.String(),
  appId: Type.Integer(),
  memo: Type.String(),
  owner: Type.String(),
  created: Type.String(),
  lastLogon: Type.Union([Type.String(), Type.Null()]),
  expired: Type.Boolean(),
  banned: Type.Boolean(),
  bannedUntil: Type.Union([Type.String(), Type.Null()]),
});

/** `/v1/admin/tokens`: server accounts and their login tokens. */
export function tokenRoutes(
  scope: HttpScope,
  administration: SteamAdministration,
  guard: AdminGuard,
): void {
  scope.get(
    '/tokens',
    {
      onRequest: guard.needs('read'),
      schema: {
        summary: 'Server accounts, without their login tokens',
        querystring: Type.Object({ owner: Type.Optional(id) }),
        response: { 200: items(TokenView) },
      },
    },
    async (request) => {
      const { owner } = request.query;
      const of = owner === undefined ? undefined : readSteamId(owner);
      const found = await guard.run(() => administration.serverAccounts(of));
      return { items: found.map(viewToken), next: null };
    },
  );
  scope.post(
    '/tokens',
    {
      onRequest: guard.needs('server'),
      schema: {
        summary: 'Makes a login token for game servers of an app; it is shown this once',
        body: Type.Object({
          owner: Type.Optional(id),
          appId,
          memo: Type.String({ maxLength: 255, default: '' }),
        }),
        response: { 201: Type.Object({ steamId: Type.String(), loginToken: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { owner, appId: app, memo } = request.body;
      const answers = await guard.ownerOf(request, owner);
      const options = { owner: answers, appId: app, memo };
      const made = await guard.run(() => administration.createServerAccount(options));
      const steamId = made.steamId.toString();
      await guard.audit(request, { made: 'token', steamId, appId: app });
      return reply.code(201).send({ steamId, loginToken: made.loginToken });
    },
  );
  scope.delete(
    '/tokens',
    {
      onRequest: guard.needs('server'),
      schema: {
        summary: 'Removes a server account: its token is worth nothing any more',
        querystring: Type.Object({ steamId: id }),
        response: removed,
      },
    },
    async (request, reply) => {
      const steamId = readSteamId(request.query.steamId);
      const done = await guard.run(() => administration.deleteServerAccount(steamId));
      if (!done) throw nothing('server account');
      await guard.audit(request, { removed: 'token', steamId: steamId.toString() });
      return reply.code(204).send(null);
    },
  );
}

const viewToken = (account: ServerAccount) => {
  const { steamId, owner, appId: app, memo, created, lastLogon, expired, banned } = account;
  return {
    steamId: steamId.toString(),
    appId: app,
    memo,
    owner: owner.toString(),
    created: isoTime(created),
    lastLogon: isoTimeOrNull(lastLogon),
    expired,
    banned,
    bannedUntil: isoTimeOrNull(account.bannedUntil),
  };
};
