import type { HttpScope } from 'beaconry';
import type {
  Account,
  Licence,
  ServerAccount,
  SteamAdministration,
} from 'beaconry/plugins/steam-backend';
import { Type } from 'typebox';
import { readSteamId, refuse } from '../call-error.js';
import { isoTime, isoTimeOrNull } from '../json-value.js';
import type { AdminGuard } from './admin-guard.js';
import { id, items, nothing, removed } from './admin-schemas.js';

const appId = Type.Integer({ minimum: 1, maximum: 0xffffffff });
const time = Type.Union([Type.String(), Type.Null()], { description: 'ISO 8601; null: for ever' });

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
const LicenceView = Type.Object({
  steamId: Type.String(),
  appId: Type.Integer(),
  package: Type.Integer(),
  from: Type.String(),
  until: time,
  lender: Type.Union([Type.String(), Type.Null()]),
  dlcOf: Type.Union([Type.Integer(), Type.Null()]),
});

/** `/v1/admin/{accounts,tokens,licences}`: the tables of the backend. */
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

  scope.get(
    '/licences',
    {
      onRequest: guard.needs('read'),
      schema: {
        summary: 'Licences of an account',
        querystring: Type.Object({ steamId: id }),
        response: { 200: items(LicenceView) },
      },
    },
    async (request) => {
      const steamId = readSteamId(request.query.steamId);
      const found = await guard.run(() => administration.licences(steamId));
      return { items: found.map(viewLicence), next: null };
    },
  );
  scope.post(
    '/licences',
    {
      onRequest: guard.needs('admin'),
      schema: {
        summary: 'Grants a licence',
        body: Type.Object({
          steamId: id,
          appId,
          package: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffffff })),
          until: Type.Optional(time),
          lender: Type.Optional(id),
          dlcOf: Type.Optional(appId),
        }),
        response: { 201: LicenceView },
      },
    },
    async (request, reply) => {
      const { steamId, until, lender, ...rest } = request.body;
      const licence = {
        ...rest,
        steamId: readSteamId(steamId),
        until: readTime(until ?? null),
        lender: lender === undefined ? null : readSteamId(lender),
      };
      const view = viewLicence(await guard.run(() => administration.grantLicence(licence)));
      await guard.audit(request, { granted: 'licence', ...view });
      return reply.code(201).send(view);
    },
  );
  scope.delete(
    '/licences',
    {
      onRequest: guard.needs('admin'),
      schema: {
        summary: 'Revokes a licence',
        querystring: Type.Object({ steamId: id, appId }),
        response: removed,
      },
    },
    async (request, reply) => {
      const { appId: app } = request.query;
      const steamId = readSteamId(request.query.steamId);
      const done = await guard.run(() => administration.revokeLicence(steamId, app));
      if (!done) throw nothing('licence');
      await guard.audit(request, { revoked: 'licence', steamId: steamId.toString(), appId: app });
      return reply.code(204).send(null);
    },
  );
}

/** Unix milliseconds; error 400 `NOT_A_TIME`. */
function readTime(text: string | null): number | null {
  if (text === null) return null;
  const time = Date.parse(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(time)) return time;
  throw refuse(400, 'NOT_A_TIME', 'times are written as ISO 8601, such as 2027-01-31T12:00:00Z');
}

const viewAccount = ({ steamId, created, ...account }: Account) => ({
  ...account,
  steamId: steamId.toString(),
  created: isoTime(created),
});

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

const viewLicence = (licence: Licence) => ({
  steamId: licence.steamId.toString(),
  appId: licence.appId,
  package: licence.package,
  from: isoTime(licence.from),
  until: isoTimeOrNull(licence.until),
  lender: licence.lender?.toString() ?? null,
  dlcOf: licence.dlcOf,
});
