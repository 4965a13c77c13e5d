import { definePlugin } from 'beaconry';
import { GameSocketShare } from './public.js';
import { SharedSocket } from './shared-socket.js';

/** More than any frame brings; a game that stops taking datagrams out loses the oldest. */
const bounds = { datagrams: 1024, bytes: 4 * 1024 * 1024 };

export default definePlugin({
  name: 'game-socket-share',
  api: 1,
  doc: 'Answers on the socket of the game: it hands datagrams in and takes answers out.',
  provides: [GameSocketShare],
  config: {
    endpoint: {
      doc: 'The endpoint without a socket, { udp: shared }, that queries and heartbeats use.',
      format: 'udp-endpoints',
      default: 'game',
    },
  },
  setup(context, config) {
    const socket = new SharedSocket(bounds);
    const udp = context.udp(config.endpoint);
    if (udp.isShared) {
      socket.deliver = udp.carry((bytes, to) => socket.transmit(bytes, to));
    } else {
      context.log.warn(
        `endpoint ${udp.names.join(', ')} has a socket of its own: a game can hand nothing in. Write ` +
          '{ udp: shared } for an endpoint without one',
      );
    }
    context.provide(GameSocketShare, socket);
    context.metrics.gauge(
      'waiting',
      'Datagrams that the game has not taken out.',
      () => socket.waiting,
    );
    context.metrics.total('dropped_total', 'Datagrams the game never sent.', () => socket.dropped);
  },
});
