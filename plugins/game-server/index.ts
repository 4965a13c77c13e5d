import { definePlugin, ServerStarted } from 'beaconry';
import { AuthSessions } from 'beaconry/plugins/auth-sessions';
import { GameSocketShare } from 'beaconry/plugins/game-socket-share';
import { RestartRequested } from 'beaconry/plugins/heartbeat';
import { Rules } from 'beaconry/plugins/rules';
import { Social } from 'beaconry/plugins/social';
import { SteamBackend } from 'beaconry/plugins/steam-backend';
import { fixedState, gameServerConfig, initialSnapshot } from './game-server-config.js';
import { LiveState } from './live-state.js';
import { GameServerState, SteamGameServer, SteamGameServers } from './public.js';
import { GameServerFactory } from './server-factory.js';
import { defaultGameServerOptions, SteamGameServer as Interface } from './steam-game-server.js';

export default definePlugin({
  name: 'game-server',
  api: 1,
  doc: 'The live state of the game server of this process, and the interface with which a game sets it.',
  provides: [GameServerState, SteamGameServer, SteamGameServers],
  optional: [Rules, SteamBackend, AuthSessions, Social, GameSocketShare],
  config: gameServerConfig,
  setup(context, config) {
    // A game that initialises the interface decides itself whether it is listed, beginning with no.
    let driven = false;
    const fixed = (section: typeof config) => {
      const { snapshot, players } = fixedState(section, context.clock.now());
      const { advertise: _, ...others } = snapshot;
      return { players, snapshot: driven ? others : snapshot };
    };
    const state = new LiveState(initialSnapshot, fixed(config));
    context.provide(GameServerState, state);
    context.onReload((next) => {
      config = next;
      state.fix(fixed(next));
    });

    const address = () => context.server.publicAddress.ipv4 ?? '127.0.0.1';
    const shared = {
      backend: context.find(SteamBackend),
      authSessions: context.find(AuthSessions),
      social: context.find(Social),
      clock: context.clock,
      log: context.log,
      options: { ...defaultGameServerOptions, appId: state.snapshot.appId },
    };
    const share = context.find(GameSocketShare);
    const server = new Interface({
      ...shared,
      ...{ state, address, rules: context.find(Rules), sharedSocket: share },
      onInit: () => {
        driven = true;
        state.fix(fixed(config));
      },
    });
    const isAdvertised = () => state.snapshot.advertise || server.advertising;
    if (share !== undefined) context.defer(share.answerWhile(isAdvertised));
    context.provide(SteamGameServer, server);
    context.provide(SteamGameServers, new GameServerFactory(shared, address));
    context.defer(() => server.serverShutdown());
    context.on(RestartRequested, () => server.requestRestart());
    if (config.pump > 0) context.every(config.pump, () => server.runCallbacks());

    // A configuration that names a token states a whole server: nobody else will log it on.
    const { token, mode } = config;
    if (token === null) return;
    context.on(ServerStarted, () => {
      const { gamePort, version, name, map, modDir, description, maxPlayers } = state.snapshot;
      const port = gamePort ?? 27015;
      if (!server.serverInit('', port, port === 65535 ? 1 : port + 1, mode, version)) return;
      // Init begins with nothing, as for a game; what the configuration shows stays.
      state.update({ serverType: 'd', name, map, modDir, description, maxPlayers });
      server.logOn(token);
      server.setAdvertiseServerActive(config.advertise !== false);
    });
  },
});
