import {
  type Connection,
  type Context,
  definePlugin,
  openHome,
  ServerError,
  shareView,
} from 'beaconry';
import { Bans, BansAdded } from 'beaconry/plugins/bans';
import {
  ADMIN_LOBBIES,
  adminLobbyRoutes,
  lobbyRoutes,
  NamePolicy,
  type PipeEnd,
  VcmiDirectory,
  VcmiLobbies,
} from 'beaconry/plugins/vcmi-lobby';
import { Accounts } from './accounts.js';
import { ChatCommands } from './chat-commands.js';
import { ChatHistory } from './chat-history.js';
import { ForgottenAccounts } from './forgotten-accounts.js';
import { BROADCAST_INTERVAL_MS, JsonLobby } from './json-lobby.js';
import { listedPlayer, listedRoom } from './listed.js';
import { lobbyAnnouncer } from './lobby-announcer.js';
import { LobbyJsonServer } from './lobby-json-server.js';
import { Logins } from './logins.js';
import { MatchArchive } from './match-archive.js';
import { RoomCommands } from './room-commands.js';
import { LIST_INTERVAL_MS } from './shared-list.js';
import { vcmiApiRoutes } from './vcmi-api-routes.js';
import { WaitingProxies } from './waiting-proxies.js';

const SWEEP_INTERVAL_MS = 1000;

export default definePlugin({
  name: 'vcmi-lobby-json',
  api: 1,
  doc: 'Lobby and game proxy for VCMI 1.5 and later, with accounts, rooms and chat.',
  optional: [Bans, VcmiLobbies],
  config: {
    endpoint: {
      doc: 'TCP endpoints for game clients and match servers; the usual port is 3031.',
      format: 'tcp-endpoints',
      default: ['lobby-json'],
    },
    capacity: {
      doc: 'Accounts online at once.',
      format: 'nat',
      default: 2000,
    },
    maxAccounts: {
      doc: 'Accounts that may be registered.',
      format: 'nat',
      default: 50_000,
    },
    unusedAccounts: {
      doc: 'An account that has never logged in is forgotten after this time; 0 keeps it.',
      format: 'duration',
      default: '1d',
    },
    maxRooms: {
      doc: 'Rooms at once, those that are not open yet included.',
      format: 'nat',
      default: 500,
    },
    perAddressLimit: {
      doc: 'Connections of one address at once, game connections not counted, and its messages a second (chat a quarter of it, both with room for bursts). 0 means no limit on connections, messages, new accounts, rooms and conversations.',
      format: 'nat',
      default: 32,
    },
    maxFrame: {
      doc: 'Largest first frame of a connection; that of a match server lists its mods.',
      format: 'bytes',
      default: '128KiB',
    },
    maxQueue: {
      doc: 'Bytes that may wait for somebody who does not read before he is dropped.',
      format: 'bytes',
      default: '256KiB',
    },
    maxPending: {
      doc: 'Connections at once that have not logged in; a new one pushes out the oldest.',
      format: 'nat',
      default: 2048,
    },
    loginTimeout: {
      doc: 'Time a new connection has to log in.',
      format: 'duration',
      default: '20s',
    },
    heartbeat: {
      doc: 'How often everybody who is logged in gets a heartbeat; 0 never.',
      format: 'duration',
      default: '10s',
    },
    proxy: {
      perAddressLimit: {
        doc: 'Game connections of one address at once; a game of 8 players takes its match server 7. 0 means no limit.',
        format: 'nat',
        default: 256,
      },
      waitTimeout: {
        doc: 'How long the connection of a match server waits for its guest.',
        format: 'duration',
        default: '60s',
      },
      earlyLimit: {
        doc: 'Bytes kept for a guest who has not come yet; beyond it the match server has to wait.',
        format: 'bytes',
        default: '256KiB',
      },
      earlyTotal: {
        doc: 'Bytes kept for all such guests together; beyond it the match server that sends more is cut off.',
        format: 'bytes',
        default: '64MiB',
      },
      stallTimeout: {
        doc: 'A game connection that takes nothing for so long although bytes wait for it is closed.',
        format: 'duration',
        default: '120s',
      },
    },
  },
  async setup(context, config) {
    if (config.capacity === 0) {
      throw new ServerError(
        'VCMI_CAPACITY',
        'capacity of vcmi-lobby-json is 0, so nobody could log in; set the number of accounts, such as 2000',
      );
    }
    const { clock, store, log, metrics } = context;
    const { retention } = context.server;
    const lobbies = context.find(VcmiLobbies) ?? ownDirectory(context);
    const bans = context.find(Bans);
    const accounts = new Accounts(store, clock, lobbies.names, {
      maxAccounts: config.maxAccounts,
      unusedLifetime: config.unusedAccounts,
    });
    const history = new ChatHistory(store, clock, retention.chat);
    const archive = new MatchArchive(store, clock, retention.history);
    await accounts.load();
    // Of several nodes the one that serves closes what another one left open.
    if (!context.bus.shared) await archive.load();

    const { waitTimeout } = config.proxy;
    const waiting = new WaitingProxies<PipeEnd>(clock, waitTimeout, (end) => end.leave());
    const parts = {
      clock,
      log,
      names: lobbies.names,
      accounts,
      history,
      archive,
      listener: lobbyAnnouncer(context),
      isBanned: ({ accountID, displayName }: { accountID: string; displayName: string }) =>
        bans !== undefined &&
        (bans.isAccountBanned(displayName, context.name) ||
          bans.isAccountBanned(accountID, context.name)),
      forgetProxies: (roomID: string) => waiting.forgetRoom(roomID),
    };
    const lobby = new JsonLobby(parts, config);
    const forgotten = new ForgottenAccounts(context.bus, lobby);
    context.defer(forgotten.listen());
    context.onForget((subject) => forgotten.forget(subject));
    const chat = new ChatCommands(lobby);
    const logins = new Logins(lobby, chat);
    const session = { lobby, logins, chat, rooms: new RoomCommands(lobby) };
    const counters = {
      refused: metrics.counter('refused_total', 'Connections with bad bytes or no guest.'),
      timedOut: metrics.counter('timed_out_total', 'Connections that did not log in in time.'),
      overLimit: metrics.counter('over_limit_total', 'Connections beyond the limit of an address.'),
    };
    const server = new LobbyJsonServer(session, waiting, clock, log, counters, {
      ...config,
      ...config.proxy,
      perAddressLimit: config.perAddressLimit,
      proxiesPerAddress: config.proxy.perAddressLimit,
    });

    const source = {
      rooms: () => [...lobby.rooms.values()].filter((room) => room.isActive).map(listedRoom),
      players: () => [...lobby.online.values()].map((account) => listedPlayer(account, lobby)),
    };
    context.http(vcmiApiRoutes(lobby, clock.now()), { prefix: '/api/v1' });

    metrics.gauge('accounts', 'Accounts registered.', () => accounts.size);
    metrics.gauge('online', 'Accounts online.', () => lobby.online.size);
    metrics.gauge('rooms', 'Rooms.', () => lobby.rooms.size);
    metrics.gauge('proxies', 'Open game connections.', () => server.proxies);
    metrics.gauge('pending', 'Connections not logged in yet.', () => server.pending);

    const endpoint = context.tcp(config.endpoint);
    const home = await openHome(context, endpoint.hosts, async () => {
      await accounts.load();
      await archive.load();
    });
    context.defer(lobbies.add(shareView(context, home, source)));
    const accept = (connection: Connection) => server.accept(connection);
    endpoint.onConnection(home === undefined ? accept : home.route(accept));
    context.on(BansAdded, () => lobby.dropBanned());
    context.every(BROADCAST_INTERVAL_MS, () => lobby.flushDueBroadcast());
    context.every(LIST_INTERVAL_MS, () => lobby.flushLists());
    context.every(SWEEP_INTERVAL_MS, () => {
      server.sweep();
      accounts.sweep();
    });
    if (config.heartbeat > 0) context.every(config.heartbeat, () => server.beat());
  },
});

/** Without the older lobby its lists are served from here. */
function ownDirectory(context: Pick<Context, 'http' | 'onForget'>): VcmiLobbies {
  const directory = new VcmiDirectory(NamePolicy.ofLobbies());
  context.onForget(directory.forget);
  context.http(lobbyRoutes(directory), { prefix: '/v1/vcmi' });
  context.http(adminLobbyRoutes(directory), ADMIN_LOBBIES);
  return directory;
}
