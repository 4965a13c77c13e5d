import { type Static, Type } from 'typebox';
import { refuse } from '../call-error.js';
import type { HostedGameServer } from './hosted-game-server.js';

const text = (description: string, minLength = 0) =>
  Type.String({ minLength, maxLength: 4096, description });
const flag = (description: string) => Type.Boolean({ description });
const count = (description: string) =>
  Type.Integer({ minimum: 0, maximum: 0x7fffffff, description });
/** Steam's regions (spec 9.3): a number as text, or its name. */
const region = Type.String({
  pattern:
    '^([0-7]|255|[uU][sS] ([eE][aA][sS][tT]|[wW][eE][sS][tT])|[sS]outh [aA]merica|[eE]urope|[aA]sia|[aA]ustralia|[mM]iddle [eE]ast|[aA]frica|[wW]orld|)$',
  description: '0 to 7, 255, or a name such as Europe',
});

/** What `PATCH /v1/gameservers/self` sets; texts are cut to what their fields hold. */
export const Settings = Type.Object({
  name: Type.Optional(text('63 bytes')),
  map: Type.Optional(text('31 bytes')),
  maxPlayers: Type.Optional(count('reported only')),
  bots: Type.Optional(count('does not raise the number of players')),
  password: Type.Optional(flag('whether the game asks for one')),
  tags: Type.Optional(
    Type.Array(text('one tag'), { maxItems: 128, description: '127 bytes with their commas' }),
  ),
  gameData: Type.Optional(text('2047 bytes; never in A2S')),
  region: Type.Optional(region),
  spectatorPort: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 65535, description: '0 for none' }),
  ),
  spectatorName: Type.Optional(text('31 bytes')),
  description: Type.Optional(text('name of the game, 63 bytes', 1)),
  product: Type.Optional(text('before logon; 63 bytes', 1)),
  modDir: Type.Optional(text('before logon; 31 bytes', 1)),
  dedicated: Type.Optional(flag('before logon')),
  advertise: Type.Optional(flag('listed, and queries are answered')),
  heartbeatInterval: Type.Optional(
    Type.Union([Type.Literal(-1), Type.Integer({ minimum: 1, maximum: 600_000 })], {
      description: 'milliseconds; -1 for the default',
    }),
  ),
});
export type Settings = Static<typeof Settings>;

/** Basic data: Steam takes it only before the logon. */
const frozen = ['product', 'modDir', 'dedicated'] as const;

type Setters = {
  readonly [K in keyof Required<Settings>]: (
    hosted: HostedGameServer,
    value: Exclude<Settings[K], undefined>,
  ) => void;
};

/** In the order in which they are applied: advertising comes last, when all is said. */
const setters: Setters = {
  product: ({ server }, value) => server.setProduct(value),
  description: ({ server }, value) => server.setGameDescription(value),
  modDir: ({ server }, value) => server.setModDir(value),
  dedicated: ({ server }, value) => server.setDedicatedServer(value),
  name: ({ server }, value) => server.setServerName(value),
  map: ({ server }, value) => server.setMapName(value),
  maxPlayers: ({ server }, value) => server.setMaxPlayerCount(value),
  bots: ({ server }, value) => server.setBotPlayerCount(value),
  password: ({ server }, value) => server.setPasswordProtected(value),
  tags: ({ server }, value) => server.setGameTags(value.join(',')),
  gameData: ({ server }, value) => server.setGameData(value),
  region: ({ server }, value) => server.setRegion(value),
  spectatorPort: ({ server }, value) => server.setSpectatorPort(value),
  spectatorName: ({ server }, value) => server.setSpectatorServerName(value),
  heartbeatInterval: ({ server }, value) => server.setHeartbeatInterval(value),
  advertise: ({ server }, value) => server.setAdvertiseServerActive(value),
};

/** All or nothing: error 409 `FROZEN` names what only a logged-off server may change. */
export function applySettings(hosted: HostedGameServer, settings: Settings): void {
  const { state } = hosted.server;
  const refused = frozen.filter((field) => settings[field] !== undefined);
  if (refused.length > 0 && state !== 'ready' && state !== 'off') {
    const fields = refused.join(', ');
    throw refuse(409, 'FROZEN', `${fields} may change only before logon; log off first`, {
      fields: refused,
    });
  }
  for (const [field, set] of Object.entries(setters)) {
    const value = settings[field as keyof Settings];
    if (value !== undefined) (set as (on: HostedGameServer, to: unknown) => void)(hosted, value);
  }
}
