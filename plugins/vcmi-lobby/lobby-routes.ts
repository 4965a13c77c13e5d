import type { Routes } from 'beaconry';
import { type TSchema, Type } from 'typebox';
import type { VcmiLobbySource, VcmiRoom } from './public.js';

const Lobby = Type.Union([Type.Literal('proxy'), Type.Literal('json')], {
  description: '`proxy` for VCMI 1.1 to 1.4, `json` for 1.5 and later.',
});

const Room = Type.Object(
  {
    lobby: Lobby,
    name: Type.String({ description: 'Unique in its lobby; in the JSON lobby a uuid.' }),
    description: Type.String({ description: 'What the host says of it, in the JSON lobby.' }),
    started: Type.Boolean({ description: 'Its game has begun.' }),
    host: Type.String(),
    players: Type.Array(Type.String(), { description: 'In order of joining, the host first.' }),
    total: Type.Integer({ description: 'Seats.' }),
    protected: Type.Boolean({ description: 'A password or an invitation is needed to join.' }),
    gameMode: Type.Integer({ description: '0 a new game, 1 a saved one.' }),
    mods: Type.Array(Type.Object({ name: Type.String(), version: Type.String() })),
  },
  { title: 'VcmiRoom' },
);

const Player = Type.Object(
  {
    lobby: Lobby,
    name: Type.String(),
    protocol: Type.Integer({ description: 'Lobby protocol, 1 to 5; 0 in the JSON lobby.' }),
    client: Type.String({ description: 'What the client calls itself; may be empty.' }),
    room: Type.Union([Type.String(), Type.Null()]),
    ready: Type.Boolean(),
  },
  { title: 'VcmiPlayer' },
);

const Page = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    after: Type.Optional(
      Type.String({ maxLength: 128, description: 'Name of the last item of the page before.' }),
    ),
  },
  { additionalProperties: false },
);

const listOf = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });

/** `GET /v1/vcmi/rooms` and `/v1/vcmi/players`: what the lobbies themselves show to everybody, no addresses. */
export function lobbyRoutes(lobby: VcmiLobbySource): Routes {
  return (scope) => {
    scope.get(
      '/rooms',
      {
        schema: {
          summary: 'Open rooms of the VCMI lobbies, by name',
          querystring: Page,
          response: { 200: listOf(Room) },
        },
      },
      ({ query }) => page(lobby.rooms().map(asJson), query),
    );
    scope.get(
      '/players',
      {
        schema: {
          summary: 'Users of the VCMI lobbies, by name',
          querystring: Page,
          response: { 200: listOf(Player) },
        },
      },
      ({ query }) => page(lobby.players(), query),
    );
  };
}

/** The same for the operator's view, which reads from its own endpoint. */
export const adminLobbyRoutes =
  (lobby: VcmiLobbySource): Routes =>
  (scope) => {
    scope.addHook('onRequest', scope.requireAdmin);
    lobbyRoutes(lobby)(scope);
  };
/** Where the routes of the operator's view are mounted. */
export const ADMIN_LOBBIES = {
  endpoint: 'admin',
  prefix: '/v1/admin/vcmi',
  ifPresent: true,
} as const;

const asJson = (room: VcmiRoom) => ({
  ...room,
  players: [...room.players],
  mods: [...room.mods],
});

/** One page in the order of names, which is the same for every request. */
function page<T extends { readonly name: string }>(
  all: readonly T[],
  { limit = 100, after }: { readonly limit?: number; readonly after?: string },
) {
  const sorted = [...all].sort((one, other) => (one.name < other.name ? -1 : 1));
  const from = after === undefined ? 0 : sorted.findIndex(({ name }) => name > after);
  const rest = from < 0 ? [] : sorted.slice(from);
  const items = rest.slice(0, limit);
  return { items, next: rest.length > limit ? (items.at(-1)?.name ?? null) : null };
}
