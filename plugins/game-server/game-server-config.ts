import { type ConfigOf, either, list } from 'beaconry';
import type { FixedState } from './live-state.js';
import type { GameServerSnapshot } from './public.js';

const live = 'live';

/** Keys of the section; `live` takes the value from the running game, anything else fixes it. */
export const gameServerConfig = {
  appId: { doc: 'Steam app id of the game.', format: either(live, 'nat'), default: live },
  gameId: {
    doc: 'Full 64-bit game id in INFO; live: the app id; null leaves it out.',
    format: either(live, 'uint64'),
    default: live,
    nullable: true,
  },
  product: { doc: 'Product name in the list.', format: either(live, String), default: live },
  version: { doc: 'Version of the game.', format: either(live, String), default: live },
  protocol: {
    doc: 'Network protocol in INFO; 17 is Source, 48 GoldSrc.',
    format: 'nat',
    default: 17,
  },
  name: { doc: 'Name in server browsers.', format: either(live, String), default: live },
  map: { doc: 'Map being played.', format: either(live, String), default: live },
  modDir: { doc: 'Game directory (gamedir).', format: either(live, String), default: live },
  description: { doc: 'Name of the game for people.', format: either(live, String), default: live },
  serverType: {
    doc: 'd: dedicated, l: listen, p: spectator proxy.',
    format: [live, 'd', 'l', 'p'],
    default: live,
  },
  os: {
    doc: 'l: Linux, w: Windows, m or o: macOS; live: of this machine.',
    format: [live, 'l', 'w', 'm', 'o'],
    default: live,
  },
  maxPlayers: { doc: 'Slots.', format: either(live, 'nat'), default: live },
  bots: { doc: 'How many of the players are bots.', format: either(live, 'nat'), default: live },
  password: {
    doc: 'A password is needed to join.',
    format: either(live, Boolean),
    default: live,
  },
  secure: {
    doc: 'Shown as protected against cheats.',
    format: either(live, Boolean),
    default: live,
  },
  gamePort: {
    doc: 'Port that players connect to; live: the port of the query endpoint; null leaves it out.',
    format: either(live, 'port'),
    default: live,
    nullable: true,
  },
  steamId: {
    doc: 'SteamID of the server; live: from its logon; null leaves it out.',
    format: either(live, 'uint64'),
    default: live,
    nullable: true,
  },
  spectatorPort: {
    doc: 'Port of the spectator relay; null leaves it out.',
    format: either(live, 'port'),
    default: live,
    nullable: true,
  },
  spectatorName: {
    doc: 'Name of the spectator relay.',
    format: either(live, String),
    default: live,
  },
  tags: {
    doc: 'Keywords in INFO and in the list, comma separated; null leaves them out.',
    format: either(live, String),
    default: live,
    nullable: true,
  },
  gameData: {
    doc: 'Hidden tags: matched by list filters, never shown.',
    format: either(live, String),
    default: live,
  },
  region: {
    doc: 'Region of the list: 0 to 7, 255 is the world.',
    format: either(live, 'nat'),
    default: live,
  },
  mode: {
    doc: '1: no authentication, 2: authentication, 3: authentication and protection.',
    format: [1, 2, 3],
    default: 3,
  },
  token: {
    doc: 'Login token (32 hex digits); null logs on anonymously.',
    format: String,
    default: null,
    nullable: true,
    sensitive: true,
  },
  pump: {
    doc: 'How often signals are delivered; 0: the game calls runCallbacks itself.',
    format: 'duration',
    default: '100ms',
  },
  advertise: {
    doc: 'Ask masters to list this server; live: as the game says, which starts with true.',
    format: either(live, Boolean),
    default: true,
  },
  players: {
    doc: 'Players shown; live: those of the running game.',
    format: either(
      live,
      list({
        name: { doc: 'Name.', format: String, default: null },
        score: { doc: 'Score.', format: 'int', default: 0 },
        duration: { doc: 'Seconds since the player joined.', format: Number, default: 0 },
      }),
    ),
    default: live,
  },
} as const;

export type GameServerConfig = ConfigOf<typeof gameServerConfig>;

const platformLetter = { linux: 'l', win32: 'w', darwin: 'm' } as const;

/** What a game that has said nothing yet shows. */
export const initialSnapshot: GameServerSnapshot = {
  appId: 480,
  gameId: null,
  product: 'beaconry',
  version: '1.0.0.0',
  protocol: 17,
  name: 'beaconry game server',
  map: 'none',
  modDir: 'beaconry',
  description: 'beaconry',
  serverType: 'd',
  os: platformLetter[process.platform as keyof typeof platformLetter] ?? 'l',
  maxPlayers: 16,
  bots: 0,
  password: false,
  secure: false,
  gamePort: null,
  steamId: null,
  spectatorPort: null,
  spectatorName: '',
  tags: null,
  gameData: '',
  region: 255,
  advertise: true,
};

/** What the configuration fixes, as parts of the state. */
export function fixedState(config: GameServerConfig, now: number): FixedState {
  const { players, mode: _mode, token: _token, pump: _pump, ...values } = config;
  const snapshot = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== live));
  return {
    snapshot: snapshot as Partial<GameServerSnapshot>,
    players:
      players === live
        ? undefined
        : players.map(({ name, score, duration }) => ({
            name,
            score,
            joinedAt: now - duration * 1000,
          })),
  };
}
