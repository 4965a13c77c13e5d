import { Type } from 'typebox';

const fields = {
  address: Type.String({ description: 'ip:port to query' }),
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
  region: Type.Integer({ description: '0 to 7 as in the master protocol, 255 unknown' }),
  country: Type.Optional(Type.String({ description: 'ISO 3166-1, two letters' })),
  players: Type.Integer({ description: 'without bots' }),
  maxPlayers: Type.Integer(),
  bots: Type.Integer(),
  password: Type.Boolean(),
  secure: Type.Boolean(),
  dedicated: Type.Boolean(),
  os: Type.String(),
  steamId: Type.Optional(Type.String()),
  fakeIp: Type.Optional(
    Type.String({
      description: 'the address is a FakeIP: reached with a relay agent, never asked',
    }),
  ),
  ping: Type.Optional(Type.Number({ description: 'milliseconds, measured by this node' })),
  verified: Type.Boolean({ description: 'it answered this node at this address' }),
  lastSeen: Type.String(),
  measuredAt: Type.Optional(
    Type.String({ description: 'when its answer came; missing: all is as the server said' }),
  ),
  source: Type.String(),
  flags: Type.Array(Type.String()),
};

export const Server = Type.Object(fields);

export const Detail = Type.Object({
  ...fields,
  playerList: Type.Array(
    Type.Object({ name: Type.String(), score: Type.Integer(), duration: Type.Number() }),
  ),
  rules: Type.Record(Type.String(), Type.String()),
  detailsAt: Type.Optional(Type.String()),
  alsoListedAs: Type.Array(Type.String()),
});

const means = Type.Array(Type.Union([Type.Number(), Type.Null()]));

export const History = Type.Object({
  step: Type.Integer({ description: 'seconds' }),
  start: Type.String({ description: 'begin of the first step' }),
  players: means,
  maxPlayers: means,
  ping: means,
});

const Totals = Type.Object({
  servers: Type.Integer(),
  players: Type.Integer(),
  bots: Type.Integer(),
});
const totalsBy = Type.Record(Type.String(), Totals);

export const Stats = Type.Object({
  servers: Type.Integer(),
  players: Type.Integer(),
  bots: Type.Integer(),
  slots: Type.Integer(),
  verified: Type.Integer(),
  games: totalsBy,
  regions: totalsBy,
  versions: totalsBy,
});
