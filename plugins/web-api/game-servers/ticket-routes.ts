import type { HttpScope } from 'beaconry';
import { EResult } from 'beaconry/steam';
import { Type } from 'typebox';
import { refuse } from '../call-error.js';
import { base64 } from '../json-value.js';
import { ANSWER_TIME, notLoggedOn, type ServerOf } from './server-of.js';

/** Tickets of the game server itself. */
export function ticketRoutes(scope: HttpScope, of: ServerOf): void {
  const path = '/v1/gameservers/self/tickets';
  scope.post(
    path,
    {
      schema: {
        summary: 'A ticket of the game server itself; answers when the backend knows it',
        body: Type.Object({
          identity: Type.Optional(
            Type.String({ maxLength: 128, description: 'who alone may verify it' }),
          ),
        }),
        response: { 201: Type.Object({ handle: Type.Integer(), ticket: Type.String() }) },
      },
    },
    async (request, reply) => {
      const hosted = of(request);
      if (!hosted.server.loggedOn()) throw notLoggedOn();
      const { id, buffer } = hosted.server.getAuthSessionTicket(request.body.identity ?? null);
      if (id === 0) {
        throw refuse(409, 'NO_TICKET', 'no connect token is left; wait for those under way');
      }
      const ready = await hosted.nextSignal(
        'get_auth_session_ticket_response',
        (data) => data.auth_ticket === id,
        ANSWER_TIME,
      );
      if (ready?.result !== EResult.OK) {
        throw refuse(409, 'NO_TICKET', 'the backend did not take the ticket', {
          result: ready?.result ?? EResult.Timeout,
        });
      }
      return reply.code(201).send({ handle: id, ticket: base64(buffer) });
    },
  );
  scope.delete(
    `${path}/:handle`,
    {
      schema: {
        summary: 'Cancels a ticket: its verifiers get code 6',
        params: Type.Object({ handle: Type.Integer({ minimum: 0, maximum: 0xffffffff }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      of(request).server.cancelServerAuthTicket(request.params.handle);
      return reply.code(204).send(null);
    },
  );
}
