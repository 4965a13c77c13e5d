import {
  type ConfigOf,
  type Connection,
  definePlugin,
  openHome,
  ServerError,
  ServerStopping,
} from 'beaconry';
import { Bans, BansAdded } from 'beaconry/plugins/bans';
import { Relay } from './public.js';
import { relayConfig } from './relay-config.js';
import { RelayCounters } from './relay-counters.js';
import { RelayEngine } from './relay-engine.js';
import { relayRoutes } from './relay-routes.js';

const SWEEP = 1000;
const KIB = 1024;

export default definePlugin({
  name: 'relay',
  api: 1,
  doc: 'Relays messages between peers over TCP and WebSocket, for clients of RoccoRelayServer and new ones.',
  optional: [Bans],
  provides: [Relay],
  config: relayConfig,
  async setup(context, config) {
    checkSizes(config);
    const counters = new RelayCounters(context.metrics);
    const bans = context.find(Bans);
    const relay = new RelayEngine(config, {
      clock: context.clock,
      log: context.log,
      counters,
      afterTurn: setImmediate,
      isBanned: (id) => bans?.isAccountBanned(id, context.name) ?? false,
    });
    context.metrics.gauge('peers', 'Peers with an id.', () => relay.status().peers);
    context.metrics.gauge('connections', 'Open connections.', () => relay.connections);
    context.metrics.gauge('queued_bytes', 'Bytes that wait for peers.', () => relay.queued);
    context.provide(Relay, relay);
    const endpoint = context.tcp(config.endpoint);
    const home = await openHome(context, endpoint.hosts);
    const here = (connection: Connection) => relay.accept(connection);
    const accept = home === undefined ? here : home.route(here);
    endpoint.onConnection(accept);
    context.http(relayRoutes(relay, context.clock, accept), { prefix: '/v1/relay' });
    context.every(SWEEP, () => relay.sweep());
    context.on(BansAdded, () => relay.dropBanned());
    context.on(ServerStopping, () => relay.stop());
    context.defer(() => relay.stop());
  },
});

/** Sizes that contradict each other would refuse frames that were promised. */
function checkSizes({ maxFrame, queueLimit, totalQueueLimit }: ConfigOf<typeof relayConfig>): void {
  if (maxFrame < 4 * KIB || maxFrame > 64 * KIB * KIB) {
    throw new ServerError('RELAY_SIZES', `maxFrame is ${maxFrame}; it must be 4KiB to 64MiB`);
  }
  if (queueLimit < 2 * maxFrame) {
    const least = 2 * maxFrame;
    throw new ServerError(
      'RELAY_SIZES',
      `queueLimit is ${queueLimit}; it must hold two of the largest frames, so at least ${least}`,
    );
  }
  if (totalQueueLimit < queueLimit) {
    throw new ServerError(
      'RELAY_SIZES',
      `totalQueueLimit is ${totalQueueLimit}; it must be at least queueLimit, which is ${queueLimit}`,
    );
  }
}
