import type { HttpScope } from 'beaconry';
import { Type } from 'typebox';
import type { ServerOf } from './server-of.js';

const rules = Type.Record(
  Type.String({ minLength: 1, maxLength: 255 }),
  Type.String({ maxLength: 255 }),
  { maxProperties: 512 },
);

/** The rules of A2S_RULES. */
export function ruleRoutes(scope: HttpScope, of: ServerOf): void {
  const path = '/v1/gameservers/self/rules';
  const response = { 200: rules };
  scope.get(path, { schema: { summary: 'Rules of A2S_RULES', response } }, (request) =>
    of(request).rules.toObject(),
  );
  scope.put(
    path,
    { schema: { summary: 'Replaces all rules', body: rules, response } },
    (request) => {
      const hosted = of(request);
      hosted.rules.replace(request.body);
      return hosted.rules.toObject();
    },
  );
  scope.patch(
    path,
    { schema: { summary: 'Sets these rules', body: rules, response } },
    (request) => {
      const hosted = of(request);
      hosted.rules.merge(request.body);
      return hosted.rules.toObject();
    },
  );
  scope.delete(
    path,
    { schema: { summary: 'Clears all rules', response: { 204: Type.Null() } } },
    async (request, reply) => {
      of(request).rules.clear();
      return reply.code(204).send(null);
    },
  );
}
