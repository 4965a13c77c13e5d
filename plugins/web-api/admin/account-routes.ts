import type { HttpScope } from 'beaconry';
import type { Account, SteamAdministration } from 'beaconry/plugins/steam-backend';
import { Type } from 'typebox';
import { readSteamId } from '../call-error.js';
import { isoTime } from '../json-value.js';
import type { AdminGuard } from './admin-guard.js';
import { id, items, nothing, removed } from './admin-schemas.js';

const AccountView = Type.Object({
  steamId: Type.String(),
  name: Type.String(),
  created: Type.String(),
  origin: Type.String(),
  verified: Type.Boolean(),
  locked: Type.Boolean(),
  communityBanned: Type.Boolean(),
  limited: Type.Boolean(),
  phone: Type.Boolean(),
});

/** `/v1/admin/accounts`: players as the backend knows them. */
export function accountRoutes(
  scope: HttpScope,
  administration: SteamAdministration,
  guard: AdminGuard,
): void {
  scope.get(
    '/accounts',
    {
      onRequest: guard.needs('read'),
      schema: {
        summary: 'Player accounts',
        querystring: Type.Object({
          after: Type.Optional(id),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
        }),
        response: { 200: items(AccountView) },
      },
    },
    async (request) => {
      const { after, limit } = request.query;
      const behind = after === undefined ? undefined : readSteamId(after);
      const found = await guard.run(() => administration.accounts(behind, limit + 1));
      const page = found.slice(0, limit).map(viewAccount);
      return { items: page, next: found.length > limit ? (page.at(-1)?.steamId ?? null) : null };
    },
  );
  scope.post(
    '/accounts',
    {
      onRequest: guard.needs('admin'),
      schema: {
        summary: 'Makes a player account; its key is shown this once',
        body: Type.Object({ name: Type.String({ maxLength: 64, default: '' }) }),
        response: { 201: Type.Object({ steamId: Type.String(), accountKey: Type.String() }) },
      },
    },
    async (request, reply) => {
      const made = await guard.run(() => administration.createAccount(request.body));
      const steamId = made.steamId.toString();
      await guard.audit(request, { made: 'account', steamId });
      return reply.code(201).send({ steamId, accountKey: made.accountKey });
    },
  );
  scope.delete(
    '/accounts',
    {
      onRequest: guard.needs('admin'),
      schema: {
        summary: 'Removes an account with all that hangs on it',
        querystring: Type.Object({ steamId: id }),
        response: removed,
      },
    },
    async (request, reply) => {
      const steamId = readSteamId(request.query.steamId);
      if (!(await guard.run(() => administration.deleteAccount(steamId)))) throw nothing('account');
      await guard.audit(request, { removed: 'account', steamId: steamId.toString() });
      return reply.code(204).send(null);
    },
  );
}

const viewAccount = ({ steamId, created, ...account }: Account) => ({
  ...account,
  steamId: steamId.toString(),
  created: isoTime(created),
});
