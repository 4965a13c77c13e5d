import type { HttpScope } from 'beaconry';
import type { SteamAdministration } from 'beaconry/plugins/steam-backend';
import { EClanRank, EClanRelationship } from 'beaconry/steam';
import { Type } from 'typebox';
import { readSteamId, refuse } from '../call-error.js';
import type { AdminGuard } from './admin-guard.js';
import { id, items, nothing, removed } from './admin-schemas.js';

/** `/v1/admin/groups`. */
export function groupRoutes(
  scope: HttpScope,
  administration: SteamAdministration,
  guard: AdminGuard,
): void {
  scope.get(
    '/groups',
    {
      onRequest: guard.needs('read'),
      schema: {
        summary: 'Members of a group, or the groups of a user',
        querystring: Type.Object({ group: Type.Optional(id), steamId: Type.Optional(id) }),
        response: {
          200: items(
            Type.Object({
              group: Type.String(),
              steamId: Type.String(),
              relationship: Type.Optional(Type.Integer({ description: 'EClanRelationship' })),
              rank: Type.Optional(Type.Integer({ description: 'EClanRank' })),
            }),
          ),
        },
      },
    },
    async (request) => {
      const { group, steamId } = request.query;
      if ((group === undefined) === (steamId === undefined)) {
        throw refuse(400, 'GROUP_OR_USER', 'name either a group or a user');
      }
      if (group !== undefined) {
        const of = readSteamId(group);
        if ((await guard.run(() => administration.group(of))) === undefined) throw nothing('group');
        const found = await guard.run(() => administration.members(of));
        return {
          items: found.map(({ steamId: member, relationship, rank }) => ({
            ...{ group: of.toString(), steamId: member.toString(), relationship, rank },
          })),
          next: null,
        };
      }
      const user = readSteamId(steamId ?? '');
      const found = await guard.run(() => administration.groupsOf(user));
      return {
        items: found.map((one) => ({ group: one.toString(), steamId: user.toString() })),
        next: null,
      };
    },
  );
  scope.post(
    '/groups',
    {
      onRequest: guard.needs('admin'),
      schema: {
        summary: 'Makes a group, or sets a member of one',
        body: Type.Object({
          name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          group: Type.Optional(id),
          steamId: Type.Optional(id),
          relationship: Type.Integer({
            minimum: 0,
            maximum: 6,
            default: EClanRelationship.Member,
            description: 'EClanRelationship',
          }),
          rank: Type.Integer({
            minimum: 0,
            maximum: 4,
            default: EClanRank.Member,
            description: 'EClanRank',
          }),
        }),
        response: { 201: Type.Object({ group: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { name, group, steamId, relationship, rank } = request.body;
      if (name !== undefined && group === undefined && steamId === undefined) {
        const made = (await guard.run(() => administration.createGroup(name))).toString();
        await guard.audit(request, { made: 'group', group: made });
        return reply.code(201).send({ group: made });
      }
      if (name !== undefined || group === undefined || steamId === undefined) {
        throw refuse(
          400,
          'GROUP',
          'give a name for a new group, or group and steamId for a member',
        );
      }
      const of = readSteamId(group);
      const member = { steamId: readSteamId(steamId), relationship, rank };
      await guard.run(() => administration.setMember(of, member));
      await guard.audit(request, { member: member.steamId.toString(), group: of.toString(), rank });
      return reply.code(201).send({ group: of.toString() });
    },
  );
  scope.delete(
    '/groups',
    {
      onRequest: guard.needs('admin'),
      schema: {
        summary: 'Removes a member, or the whole group',
        querystring: Type.Object({ group: id, steamId: Type.Optional(id) }),
        response: removed,
      },
    },
    async (request, reply) => {
      const group = readSteamId(request.query.group);
      const { steamId: text } = request.query;
      const done = await guard.run(() =>
        text === undefined
          ? administration.deleteGroup(group)
          : administration.removeMember(group, readSteamId(text)),
      );
      if (!done) throw nothing(text === undefined ? 'group' : 'member');
      const member = text === undefined ? {} : { member: readSteamId(text).toString() };
      await guard.audit(request, { removed: 'group', group: group.toString(), ...member });
      return reply.code(204).send(null);
    },
  );
}

/** `/v1/admin/blocks`. */
export function blockRoutes(
  scope: HttpScope,
  administration: SteamAdministration,
  guard: AdminGuard,
): void {
  const pair = Type.Object({ steamId: id, blocked: id });
  const read = ({ steamId, blocked }: { steamId: string; blocked: string }) =>
    [readSteamId(steamId), readSteamId(blocked)] as const;
  scope.get(
    '/blocks',
    {
      onRequest: guard.needs('read'),
      schema: {
        summary: 'Whom a user has blocked',
        querystring: Type.Object({ steamId: id }),
        response: {
          200: items(Type.Object({ steamId: Type.String(), blocked: Type.String() })),
        },
      },
    },
    async (request) => {
      const steamId = readSteamId(request.query.steamId);
      const found = await guard.run(() => administration.blockedBy(steamId));
      return {
        items: found.map((one) => ({ steamId: steamId.toString(), blocked: one.toString() })),
        next: null,
      };
    },
  );
  scope.post(
    '/blocks',
    {
      onRequest: guard.needs('admin'),
      schema: { summary: 'One user blocks another', body: pair, response: { 201: pair } },
    },
    async (request, reply) => {
      const [steamId, blocked] = read(request.body);
      await guard.run(() => administration.block(steamId, blocked));
      const said = { steamId: steamId.toString(), blocked: blocked.toString() };
      await guard.audit(request, { made: 'block', ...said });
      return reply.code(201).send(said);
    },
  );
  scope.delete(
    '/blocks',
    {
      onRequest: guard.needs('admin'),
      schema: { summary: 'Ends a block', querystring: pair, response: removed },
    },
    async (request, reply) => {
      const [steamId, blocked] = read(request.query);
      if (!(await guard.run(() => administration.unblock(steamId, blocked))))
        throw nothing('block');
      const said = { steamId: steamId.toString(), blocked: blocked.toString() };
      await guard.audit(request, { removed: 'block', ...said });
      return reply.code(204).send(null);
    },
  );
}
