import type { HttpScope } from 'beaconry';
import { Type } from 'typebox';
import type { Directory } from './directory.js';
import { plainPage } from './plain-page.js';

const PAGE_ROWS = 500;

const Server = Type.Object({
  address: Type.String(),
  gamePort: Type.Integer(),
  queryPort: Type.Integer(),
  name: Type.String(),
  map: Type.String(),
  game: Type.String(),
  modDir: Type.String(),
  appId: Type.Integer(),
  version: Type.String(),
  product: Type.String(),
  tags: Type.Array(Type.String()),
  gameData: Type.String(),
  region: Type.Integer(),
  country: Type.Optional(Type.String()),
  players: Type.Integer(),
  maxPlayers: Type.Integer(),
  bots: Type.Integer(),
  password: Type.Boolean(),
  secure: Type.Boolean(),
  dedicated: Type.Boolean(),
  os: Type.String(),
  steamId: Type.Optional(Type.String()),
  fakeIp: Type.Optional(Type.String()),
  ping: Type.Optional(Type.Number()),
  verified: Type.Boolean(),
  lastSeen: Type.String(),
  source: Type.String(),
  flags: Type.Array(Type.String()),
});

/** `GET /v1/servers` and the page at `/`. */
export const listRoutes = (directory: Directory) => (scope: HttpScope) => {
  scope.get(
    '/v1/servers',
    {
      schema: {
        summary: 'Listed servers',
        querystring: Type.Object(
          {
            filter: Type.String({ default: '', maxLength: 1024 }),
            limit: Type.Integer({ default: 100, minimum: 1, maximum: 1000 }),
            after: Type.Optional(Type.String({ maxLength: 128 })),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            items: Type.Array(Server),
            next: Type.Union([Type.String(), Type.Null()]),
          }),
        },
      },
    },
    (request) => {
      const { filter, limit, after } = request.query;
      const { items, next } = directory.page(filter, limit, after);
      return { items: items.map((item) => ({ ...item, ...copies(item) })), next };
    },
  );
  scope.get('/', { schema: { hide: true } }, (_request, reply) => {
    const { items, next } = directory.page('', PAGE_ROWS, undefined);
    return reply
      .type('text/html; charset=utf-8')
      .header(
        'content-security-policy',
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      )
      .send(plainPage(items, next !== null));
  });
};

/** Typebox describes mutable lists. */
const copies = ({ tags, flags }: { tags: readonly string[]; flags: readonly string[] }) => ({
  tags: [...tags],
  flags: [...flags],
});
