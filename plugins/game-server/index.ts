import { definePlugin } from 'beaconry';
import { GameSocketShare } from 'beaconry/plugins/game-socket-share';
import { fixedState, gameServerConfig, initialSnapshot } from './game-server-config.js';
import { LiveState } from './live-state.js';
import { GameServerState } from './public.js';

export default definePlugin({
  name: 'game-server',
  api: 1,
  doc: 'The live state of the game server of this process, for queries and heartbeats.',
  provides: [GameServerState],
  optional: [GameSocketShare],
  config: gameServerConfig,
  setup(context, config) {
    const state = new LiveState(initialSnapshot, fixedState(config, context.clock.now()));
    context.provide(GameServerState, state);
    const share = context.find(GameSocketShare);
    if (share !== undefined) context.defer(share.answerWhile(() => state.snapshot.advertise));
    context.onReload((next) => state.fix(fixedState(next, context.clock.now())));
  },
});
