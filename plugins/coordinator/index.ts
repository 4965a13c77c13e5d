import { join, resolve } from 'node:path';
import { definePlugin } from 'beaconry';
import { checkCoordinatorConfig } from './check-coordinator-config.js';
import { configuredPops, coordinatorConfig } from './coordinator-config.js';
import { coordinatorRoutes } from './coordinator-routes.js';
import { CoordinatorService } from './coordinator-service.js';
import { HostedServers } from './hosted-servers.js';
import { KeyFolder } from './key-folder.js';
import { vouches } from './key-standing.js';
import { NetworkConfigPublisher } from './network-config-publisher.js';
import { popCommands } from './pop-commands.js';
import { Coordinator, GameServerAuthority, PlayerAuthority } from './public.js';
import { OperatedNetwork, RelayNetwork } from './relay-network.js';
import { RelayRegistry } from './relay-registry.js';
import { Revocations } from './revocations.js';

const MINUTE = 60_000;

export default definePlugin({
  name: 'coordinator',
  api: 1,
  doc: 'Certificates, relay tickets and the network config of a datagram relay network.',
  provides: [Coordinator, RelayNetwork],
  optional: [PlayerAuthority, GameServerAuthority],
  config: coordinatorConfig,
  commands: popCommands,
  async setup(context, config) {
    checkCoordinatorConfig(config);
    const { store, clock, log, bus } = context;
    const { apps, dev } = config;
    if (dev) {
      log.warn(
        'dev is true: unsigned servers of POP dev may sign on and get tickets; not for players',
      );
    }
    const folder =
      config.keys === null
        ? join(context.server.data, 'coordinator-keys')
        : resolve(context.server.configFolder, config.keys);
    const { rootKey, rotationDelay } = config;
    const keys = await KeyFolder.open({ folder, rootKey, apps, rotationDelay, clock, log });
    const revocations = new Revocations(store, config.revokedKeys);
    const pops = configuredPops(config);
    const publisher = new NetworkConfigPublisher(
      {
        store,
        clock,
        log,
        keys,
        revocations,
        pops,
        typicalPings: config.typicalPings.map(({ from, to, ms }) => [from, to, ms] as const),
        p2pShareIp: { default: 40 },
        directMode: config.directMode,
      },
      () => relays,
    );
    const announce = () => bus.publish('changed', null);
    const relays: RelayRegistry = new RelayRegistry({
      store,
      clock,
      dev,
      ranges: config.relayRanges,
      routeKey: keys.routeKey.publicKey,
      certificates: () => publisher.certificates,
      configuredKeys: (pop) => {
        const relays = pops.get(pop)?.relays ?? [];
        if (relays.length === 0) return undefined;
        return new Set(relays.flatMap(({ keyId }) => (keyId === undefined ? [] : [String(keyId)])));
      },
      isConfigured: (pop, ipv4, port, keyId) =>
        pops
          .get(pop)
          ?.relays.some(
            (relay) =>
              relay.ipv4 === ipv4 &&
              relay.portRange[0] === port &&
              (relay.keyId === undefined || relay.keyId === keyId),
          ) === true,
      onChange: async () => {
        await publisher.rebuild();
        announce();
      },
    });
    await publisher.rebuild();
    // This node may sign with a key that the others do not know yet.
    announce();

    const isLost = (keyId: bigint, caKeyId: bigint) =>
      !vouches(publisher.certificates, keyId, caKeyId, Math.floor(clock.now() / 1000));
    const issued = (kind: string) =>
      context.metrics.counter('issued_total', 'Certificates and tickets given out.', { kind });
    const servers = new HostedServers(store, clock, isLost);
    context.onForget(async (subject) => {
      const count = await servers.forget(subject);
      return count === 0 ? undefined : `signed off ${count} hosted servers`;
    });
    const service = new CoordinatorService({
      clock,
      publisher,
      servers,
      relays,
      apps,
      certificateLifetime: Math.floor(config.certificateLifetime / 1000),
      ticketLifetime: Math.floor(config.ticketLifetime / 1000),
      dev,
      routeKeyFile: keys.routeKeyFile,
      issued: { certificates: issued('certificate'), tickets: issued('ticket') },
    });
    context.provide(Coordinator, service);
    context.provide(
      RelayNetwork,
      new OperatedNetwork({ relays, revocations, keys, publisher, clock, announce }),
    );
    context.http(
      coordinatorRoutes({
        coordinator: service,
        clock,
        players: context.find(PlayerAuthority),
        servers: context.find(GameServerAuthority),
      }),
      { endpoint: config.endpoint },
    );
    context.metrics.gauge(
      'relays',
      'Relays in the network config.',
      () => relays.live.filter(({ state }) => state === 'listed').length,
    );
    // Silent relays leave, a new signing key comes into force, and what the bus lost is caught up with.
    context.every(MINUTE, async () => {
      await relays.sweep();
      await publisher.rebuild();
    });
    context.defer(
      bus.subscribe('changed', (_message, from) => {
        if (from !== context.server.node)
          void publisher.rebuild().catch((err) => log.error({ err }, 'rebuild failed'));
      }),
    );
  },
});
