import {
  AddressLimit,
  ChallengeIssuer,
  definePlugin,
  either,
  openSharedSecret,
  ServerStarted,
} from 'beaconry';
import { GameServerState } from 'beaconry/plugins/game-server';
import { Rules } from 'beaconry/plugins/rules';
import { A2sResponder } from './a2s-responder.js';
import { PreparedAnswers } from './prepared-answers.js';

export default definePlugin({
  name: 'a2s',
  api: 1,
  doc: 'Answers server queries (A2S): info, players and rules of the game server of this process.',
  requires: [GameServerState],
  optional: [Rules],
  config: {
    endpoint: {
      doc: 'UDP endpoint, or a list of them, on which queries are answered.',
      format: 'udp-endpoints',
      default: ['game'],
    },
    split: {
      doc: 'How answers longer than one packet are cut: source, source-nosize (games of 2006) or goldsrc.',
      format: ['source', 'source-nosize', 'goldsrc'],
      default: 'source',
    },
    answer: {
      doc: 'Form of the INFO answer: source, or goldsrc for the obsolete one.',
      format: ['source', 'goldsrc'],
      default: 'source',
    },
    rateLimit: {
      doc: 'Questions per second answered with data for one address that has proven itself, or off.',
      format: either('off', 'nat'),
      default: 50,
    },
    challengeLifetime: {
      doc: 'How long a challenge is good for at least; at most twice as long.',
      format: 'duration',
      default: '30s',
    },
  },
  async setup(context, config) {
    const { clock, metrics } = context;
    const secret = await openSharedSecret(context);
    context.defer(secret.close);
    const state = context.get(GameServerState);
    const endpoint = context.udp(config.endpoint);

    const ownAddress = () => {
      const bound = endpoint.addresses[0];
      const host = context.server.publicAddress.ipv4 ?? bound?.host ?? '0.0.0.0';
      return `${host}:${state.snapshot.gamePort ?? bound?.port ?? 0}`;
    };
    const answers = new PreparedAnswers(state, context.find(Rules), clock, config, ownAddress);
    const responder = new A2sResponder(
      answers,
      new ChallengeIssuer(clock, config.challengeLifetime, secret.source),
      config.rateLimit === 'off'
        ? undefined
        : new AddressLimit(clock, { perSecond: config.rateLimit }),
      {
        info: metrics.counter('queries_total', 'Questions answered.', { kind: 'info' }),
        players: metrics.counter('queries_total', 'Questions answered.', { kind: 'players' }),
        rules: metrics.counter('queries_total', 'Questions answered.', { kind: 'rules' }),
        ping: metrics.counter('queries_total', 'Questions answered.', { kind: 'ping' }),
        challenges: metrics.counter('challenges_total', 'Challenges handed out.'),
      },
    );
    for (const [prefix, route] of responder.routes()) endpoint.onDatagram(prefix, route);

    context.on(ServerStarted, () => {
      // Only now is a port 0 known; a port that the game or the configuration names stays. An endpoint that
      // shares the game's socket has none.
      const port = endpoint.addresses[0]?.port ?? 0;
      if (state.snapshot.gamePort === null && port > 0) state.update({ gamePort: port });
      answers.invalidate();
    });
  },
});
