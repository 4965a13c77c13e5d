import type { HttpScope } from 'beaconry';
import type { Licence, SteamAdministration } from 'beaconry/plugins/steam-backend';
import { Type } from 'typebox';
import { readSteamId, refuse } from '../call-error.js';
import { isoTime, isoTimeOrNull } from '../json-value.js';
import type { AdminGuard } from './admin-guard.js';
import { appId, id, items, nothing, removed } from './admin-schemas.js';

const time = Type.Union([Type.String(), Type.Null()], { description: 'ISO 8601; null: for ever' });

const LicenceView = Type.Object({
  steamId: Type.String(),
  appId: Type.Integer(),
  package: Type.Integer(),
  from: Type.String(),
  until: time,
  lender: Type.Union([Type.String(), Type.Null()]),
  dlcOf: Type.Union([Type.Integer(), Type.Null()]),
});

/** `/v1/admin/licences`: what accounts may play. */
export function licenceRoutes(
  scope: HttpScope,
  administration: SteamAdministration,
  guard: AdminGuard,
): void {
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

const viewLicence = (licence: Licence) => ({
  steamId: licence.steamId.toString(),
  appId: licence.appId,
  package: licence.package,
  from: isoTime(licence.from),
  until: isoTimeOrNull(licence.until),
  lender: licence.lender?.toString() ?? null,
  dlcOf: licence.dlcOf,
});
