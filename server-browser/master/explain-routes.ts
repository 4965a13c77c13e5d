import { command, type Routes } from 'beaconry';
import { Type } from 'typebox';
import { MasterExplanations } from './public.js';

const RefusalView = Type.Object({
  address: Type.String(),
  reason: Type.String(),
  text: Type.String(),
  remedy: Type.String(),
  count: Type.Integer(),
  at: Type.String(),
});

/** `GET /refusals`: the last ones, for the admin alone. */
export const explainRoutes =
  (explanations: MasterExplanations): Routes =>
  (scope) => {
    scope.addHook('onRequest', scope.requireAdmin);
    scope.get(
      '/refusals',
      {
        schema: {
          summary: 'What the master refused lately and who left the list, newest first',
          querystring: Type.Object({
            address: Type.Optional(
              Type.String({ maxLength: 64, description: 'a server, or an address for all ports' }),
            ),
            limit: Type.Integer({ minimum: 1, maximum: 2048, default: 100 }),
          }),
          response: { 200: Type.Object({ items: Type.Array(RefusalView) }) },
        },
      },
      ({ query: { address, limit } }) => ({
        items: explanations
          .refusals(address, limit)
          .map((refusal) => ({ ...refusal, at: new Date(refusal.at).toISOString() })),
      }),
    );
  };

/** `beaconry explain HOST:PORT`. */
export const explainCommand = command({
  name: 'explain',
  doc: 'say what the running master knows of a server: listed, refused and why, or never heard of',
  readOnly: true,
  parameters: {
    address: { doc: 'The server, such as 192.0.2.1:27015.', format: String, default: null },
  },
  run: (context, { address }) => context.get(MasterExplanations).explain(address).text,
});
