import { randomBytes } from 'node:crypto';
import { definePlugin, list, ServerStarted, ServerStopping } from 'beaconry';
import { GameServerState } from 'beaconry/plugins/game-server';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../server-browser/master/heartbeat-codec.js';
import { HeartbeatEngine } from './heartbeat-engine.js';
import { joinValues } from './join-values.js';
import { MasterResolver, reachableFrom, systemResolver } from './master-resolver.js';
import { ConnectRequested, RestartRequested } from './public.js';

/** Milliseconds after which names are resolved again. */
const resolveInterval = 600_000;
/** Out-of-band header and letter of what masters say: challenge, restart request, print, connect request. */
const prefixes = ['s\n', 'O', 'l', 'c '].map((letter) => `\xff\xff\xff\xff${letter}`);

export default definePlugin({
  name: 'heartbeat',
  api: 1,
  doc: 'Registers this game server with master servers.',
  requires: [GameServerState],
  config: {
    endpoint: {
      doc: 'UDP endpoint of the game: heartbeats leave from it, since masters list the address they come from.',
      format: 'udp-endpoints',
      default: 'game',
    },
    masters: {
      doc: 'Master servers, host:port; names are resolved again.',
      format: list({ doc: 'A master server.', format: 'address', default: null }),
      default: [],
    },
    interval: {
      doc: 'Time between two heartbeats. Masters forget a server after 300s: at 140s one may get lost.',
      format: 'duration',
      default: '140s',
    },
  },

  setup(context, config) {
    const { clock, log } = context;
    const game = context.get(GameServerState);
    const udp = context.udp(config.endpoint);
    const resolver = new MasterResolver(
      config.masters,
      systemResolver,
      log,
      reachableFrom(() => udp.addresses),
      (name, address) => engine.resolved(name, address),
    );
    const engine = new HeartbeatEngine(
      clock,
      {
        masters: resolver.names,
        interval: config.interval,
        random: () => randomBytes(4).readUInt32LE(),
      },
      {
        send: (message, to) => udp.send(encodeGameServerMessage(message), to),
        restartRequested: (said) => {
          log.warn(
            { ...said },
            `master ${said.master} asks this game server to update and restart`,
          );
          context.emit(RestartRequested, said);
        },
        connectRequested: (said) => context.emit(ConnectRequested, said),
        unreachable: (name) => void resolver.resolve(name, true),
      },
    );

    let stopping = false;
    const describe = (): void => {
      const { snapshot, players } = game;
      engine.describe(snapshot.advertise && !stopping ? joinValues(snapshot, players) : undefined);
    };

    for (const prefix of prefixes) {
      udp.onDatagram(prefix, {
        proves: ({ from }) => engine.knows(from),
        handler: ({ from, bytes, proven }) => {
          if (proven) engine.receive(from, decodeMasterMessage(bytes));
        },
      });
    }
    context.on(ServerStarted, () => {
      describe();
      context.defer(game.onChange(describe));
      // A slow name server must not keep the server from being ready.
      void resolver.resolveAll();
    });
    context.on(ServerStopping, () => {
      stopping = true;
      describe();
    });
    context.every(1000, () => engine.tick());
    context.every(resolveInterval, () => resolver.resolveAll());
    context.metrics.gauge('joined', 'Masters that list this server.', () => engine.joined);
  },
});
