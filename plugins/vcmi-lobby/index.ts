import {
  type Connection,
  type Context,
  definePlugin,
  openHome,
  ServerError,
  shareView,
} from 'beaconry';
import { Bans, BansAdded } from 'beaconry/plugins/bans';
import { GameTable } from './game-table.js';
import { Lobby, type LobbyListener } from './lobby.js';
import { LobbyEngine } from './lobby-engine.js';
import { ADMIN_LOBBIES, adminLobbyRoutes, lobbyRoutes } from './lobby-routes.js';
import { LobbyServer } from './lobby-server.js';
import { LobbyStatistics } from './lobby-statistics.js';
import { NamePolicy } from './name-policy.js';
import type { PipeEnd } from './pipe-relay.js';
import {
  VcmiChatSaid,
  VcmiGameStarted,
  VcmiLobbies,
  VcmiLobby,
  VcmiPlayerJoined,
  VcmiPlayerLeft,
  VcmiRoomClosed,
  VcmiRoomOpened,
} from './public.js';
import { VcmiDirectory } from './vcmi-directory.js';

const MAX_GAMES = 4096;
const MAX_IDLE_GAMES_PER_ADDRESS = 64;
/** How often lists that were held back under load go out. */
const LIST_INTERVAL_MS = 200;
const SWEEP_INTERVAL_MS = 1000;

export default definePlugin({
  name: 'vcmi-lobby',
  api: 1,
  doc: 'Lobby and game proxy for VCMI 1.1 to 1.4 (protocol versions 1 to 5).',
  optional: [Bans],
  provides: [VcmiLobby, VcmiLobbies],
  config: {
    endpoint: {
      doc: 'TCP endpoints for launchers and for game connections; the usual port is 5002.',
      format: 'tcp-endpoints',
      default: ['lobby'],
    },
    capacity: {
      doc: 'Users logged in at once. Game connections do not count.',
      format: 'nat',
      default: 50,
    },
    healthcheck: {
      doc: 'How often launchers of 1.2 and later are asked whether they live; after two periods of silence they are dropped. 0 never asks.',
      format: 'duration',
      default: 30_000,
    },
    perAddressLimit: {
      doc: 'Launcher connections of one address at once, and its commands a second (chat a quarter of it, both with room for bursts). 0 means no limit on connections, commands and chat.',
      format: 'nat',
      default: 32,
    },
    maxFrame: {
      doc: 'Largest frame a logged-in launcher may send; the largest real one is the list of mods.',
      format: 'bytes',
      default: 64 * 1024,
    },
    root: {
      doc: 'Who may ask for numbers with the command ROOT.',
      format: ['off', 'loopback', 'all'],
      default: 'off',
    },
    maxQueue: {
      doc: 'Bytes that may wait for a user who does not read before he is dropped.',
      format: 'bytes',
      default: 256 * 1024,
    },
    maxPending: {
      doc: 'Connections at once that have not logged in and are no game connection; a new one pushes out the oldest.',
      format: 'nat',
      default: 2048,
    },
    loginTimeout: {
      doc: 'Time a new connection has to log in or to complete its game handshake.',
      format: 'duration',
      default: 20_000,
    },
    pipe: {
      perAddressLimit: {
        doc: 'Game connections of one address at once; a game of 8 players takes its host 7. 0 means no limit.',
        format: 'nat',
        default: 256,
      },
      earlyLimit: {
        doc: 'Bytes kept for a game partner who has not come yet; beyond it the sender has to wait.',
        format: 'bytes',
        default: 256 * 1024,
      },
      earlyTotal: {
        doc: 'Bytes kept for all such partners together; beyond it whoever sends more is cut off.',
        format: 'bytes',
        default: '64MiB',
      },
      stallTimeout: {
        doc: 'A game connection that takes nothing for so long although bytes wait for it is closed.',
        format: 'duration',
        default: 120_000,
      },
      lifetime: {
        doc: 'How long the players of a game may connect and reconnect while nobody is connected.',
        format: 'duration',
        default: 1_800_000,
      },
    },
  },
  async setup(context, config) {
    if (config.capacity === 0) {
      throw new ServerError(
        'VCMI_CAPACITY',
        'capacity of vcmi-lobby is 0, so nobody could log in; set the number of users, such as 50',
      );
    }
    const statistics = new LobbyStatistics();
    const games = new GameTable<PipeEnd>(context.clock, {
      lifetime: config.pipe.lifetime,
      maxGames: MAX_GAMES,
      maxIdlePerAddress: MAX_IDLE_GAMES_PER_ADDRESS,
    });
    const names = NamePolicy.ofLobbies();
    const lobby = new Lobby(context.clock, names, games, announcer(context, statistics));
    const bans = context.find(Bans);
    const engine = new LobbyEngine(
      lobby,
      statistics,
      config,
      (name) => bans?.isAccountBanned(name, context.name) ?? false,
    );
    const { clock, log, metrics } = context;
    const counters = {
      refused: metrics.counter('refused_total', 'Connections with bad bytes or an unknown game.'),
      timedOut: metrics.counter('timed_out_total', 'Connections that did not log in in time.'),
      overLimit: metrics.counter('over_limit_total', 'Connections beyond the limit of an address.'),
    };
    const server = new LobbyServer(engine, games, statistics, clock, log, counters, {
      ...config,
      pipesPerAddress: config.pipe.perAddressLimit,
      pipeEarlyLimit: config.pipe.earlyLimit,
      pipeEarlyTotal: config.pipe.earlyTotal,
      pipeStallTimeout: config.pipe.stallTimeout,
    });

    const view: VcmiLobby = {
      rooms: () =>
        [...lobby.rooms.values()].filter((room) => room.isOpen).map((room) => room.summary()),
      players: () =>
        [...lobby.users].map((user) => ({
          lobby: 'proxy' as const,
          name: user.name,
          protocol: user.version,
          client: user.clientVersion,
          room: user.room?.name ?? null,
          ready: user.ready,
        })),
      get openPipes() {
        return games.openPipes;
      },
    };
    const endpoint = context.tcp(config.endpoint);
    const home = await openHome(context, endpoint.hosts);
    const shared = shareView(context, home, { rooms: view.rooms, players: view.players });
    context.provide(VcmiLobby, {
      ...shared,
      get openPipes() {
        return games.openPipes;
      },
    });
    const directory = new VcmiDirectory(names);
    directory.add(shared);
    context.provide(VcmiLobbies, directory);
    context.onForget(directory.forget);
    context.http(lobbyRoutes(directory), { prefix: '/v1/vcmi' });
    context.http(adminLobbyRoutes(directory), ADMIN_LOBBIES);

    metrics.gauge('users', 'Users logged in.', () => lobby.users.size);
    metrics.gauge('rooms', 'Rooms.', () => lobby.rooms.size);
    metrics.gauge('pipes', 'Open game connections.', () => games.openPipes);
    metrics.gauge('games', 'Games whose players may connect.', () => games.size);
    metrics.gauge('pending', 'Connections not logged in yet.', () => server.pending);

    const accept = (connection: Connection) => server.accept(connection);
    endpoint.onConnection(home === undefined ? accept : home.route(accept));
    context.on(BansAdded, () => engine.dropBanned());
    context.every(LIST_INTERVAL_MS, () => lobby.flushLists());
    context.every(SWEEP_INTERVAL_MS, () => server.sweep());
    if (config.healthcheck > 0) context.every(config.healthcheck, () => engine.checkHealth());
  },
});

/** Turns what happens in the lobby into events, log lines and numbers. */
function announcer(
  context: Pick<Context, 'log' | 'emit'>,
  statistics: LobbyStatistics,
): LobbyListener {
  const { log } = context;
  return {
    playerJoined({ name, version }) {
      log.info({ name, protocol: version }, 'user logged in');
      context.emit(VcmiPlayerJoined, { name, protocol: version });
    },
    playerLeft({ name }) {
      log.info({ name }, 'user left');
      context.emit(VcmiPlayerLeft, { name });
    },
    roomOpened(room) {
      log.info({ room: room.name, host: room.host, total: room.total }, 'room opened');
      context.emit(VcmiRoomOpened, room);
    },
    roomClosed(name, started) {
      log.info({ room: name, started }, 'room closed');
      context.emit(VcmiRoomClosed, { name, started });
    },
    gameStarted(room, players) {
      statistics.sessions++;
      log.info({ room, players: players.length }, 'game started');
      context.emit(VcmiGameStarted, { room, players });
    },
    said({ name }, text) {
      context.emit(VcmiChatSaid, { name, text });
    },
  };
}
