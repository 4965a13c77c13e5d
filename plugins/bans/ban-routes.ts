import type { AuditedAction, CommandCaller, Routes } from 'beaconry';
import { Type } from 'typebox';
import { notBanned } from './ban-commands.js';
import { everywhere } from './ban-index.js';
import { iso } from './ban-lines.js';
import type { Ban, Bans } from './public.js';

const subject = Type.String({
  minLength: 1,
  maxLength: 256,
  description: '192.0.2.0/24, 192.0.2.1:27015, a SteamID, or account:NAME',
});
const scope = Type.String({
  default: everywhere,
  maxLength: 64,
  description: 'all, or the name of an endpoint, a plugin or an app id',
});
const BanView = Type.Object({
  subject: Type.String(),
  scope: Type.String(),
  reason: Type.String(),
  by: Type.String(),
  from: Type.String(),
  until: Type.Union([Type.String(), Type.Null()]),
  source: Type.String(),
});

/** `GET`, `POST` and `DELETE /bans`, for the admin alone; what changes is audited. */
export const banRoutes =
  (
    bans: Bans,
    clock: { now(): number },
    audit: (caller: CommandCaller, action: AuditedAction) => Promise<void>,
  ): Routes =>
  (router) => {
    router.addHook('onRequest', router.requireAdmin);
    router.get(
      '/bans',
      {
        schema: {
          summary: 'Who is kept out',
          querystring: Type.Object({
            subject: Type.Optional(subject),
            source: Type.Optional(Type.String({ maxLength: 2048 })),
            limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
            after: Type.Optional(
              Type.Integer({ minimum: 0, description: 'what `next` of the page before says' }),
            ),
          }),
          response: {
            200: Type.Object({
              items: Type.Array(BanView),
              next: Type.Union([Type.Integer(), Type.Null()]),
            }),
          },
        },
      },
      (request) => {
        const { limit, after = 0, ...only } = request.query;
        const found = bans.list({ ...only, offset: after, limit: limit + 1 });
        return {
          items: found.slice(0, limit).map(viewOf),
          next: found.length > limit ? after + limit : null,
        };
      },
    );
    router.post(
      '/bans',
      {
        schema: {
          summary: 'Keeps somebody out, everywhere and at once',
          body: Type.Object({
            subject,
            scope: Type.Optional(scope),
            reason: Type.String({ minLength: 1, maxLength: 512 }),
            seconds: Type.Optional(
              Type.Integer({ minimum: 1, maximum: 1e10, description: 'for ever without it' }),
            ),
          }),
          response: { 201: BanView },
        },
      },
      async (request, reply) => {
        const { seconds, ...said } = request.body;
        const caller = callerOf(request.ip);
        const until = seconds === undefined ? null : clock.now() + seconds * 1000;
        const ban = viewOf(await bans.add({ ...said, until, by: caller.by }));
        await audit(caller, { banned: ban.subject, ...ban });
        return reply.code(201).send(ban);
      },
    );
    router.delete(
      '/bans',
      {
        schema: {
          summary: 'Lifts a ban',
          querystring: Type.Object({ subject, scope }),
          response: { 200: BanView },
        },
      },
      async (request) => {
        const { subject, scope } = request.query;
        const ban = await bans.remove(subject, scope);
        if (ban === undefined) throw notBanned(bans, subject, scope);
        await audit(callerOf(request.ip), { lifted: ban.subject, scope: ban.scope });
        return viewOf(ban);
      },
    );
  };

const callerOf = (ip: string): CommandCaller => ({ by: `admin at ${ip}`, source: 'http' });

const viewOf = ({ subject, scope, reason, by, from, until, source }: Ban) => ({
  subject,
  scope,
  reason,
  by,
  from: iso(from) as string,
  until: iso(until),
  source,
});
