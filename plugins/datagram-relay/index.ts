import { resolve } from 'node:path';
import { definePlugin, PeerAddress, ServerError, ServerStarted, ServerStopping } from 'beaconry';
import { Coordinator } from 'beaconry/plugins/coordinator';
import { Type } from 'typebox';
import type { CertificateStore } from '../coordinator/sdr/certificate-store.js';
import type { NetworkConfig } from '../coordinator/sdr/network-config-codec.js';
import { isPopCode } from '../coordinator/sdr/pop-code-codec.js';
import { RouteKey } from '../coordinator/sdr/sealed-route.js';
import { joinNetwork } from './coordinator-check-in.js';
import { openNetworkConfig, readText } from './network-source.js';
import { DatagramRelay } from './public.js';
import { relayConfig } from './relay-config.js';
import { RelayEngine } from './relay-engine.js';
import { ExchangeKey } from './relay-keys.js';
import { type RelayNetworkView, viewOf } from './relay-network-view.js';

export default definePlugin({
  name: 'datagram-relay',
  api: 1,
  doc: 'Relay of a datagram relay network: carries the UDP traffic of games and hides addresses.',
  provides: [DatagramRelay],
  optional: [Coordinator],
  config: relayConfig,
  async setup(context, config) {
    const { clock, log } = context;
    const coordinator = context.find(Coordinator);
    const { pop, dev } = config;
    if (!isPopCode(pop))
      throw new ServerError('POP_CODE', `datagram-relay.pop "${pop}" is no POP code`);
    if ((config.maxLegs & (config.maxLegs - 1)) !== 0 || config.maxLegs < 2) {
      throw new ServerError('MAX_LEGS', 'datagram-relay.maxLegs must be a power of two');
    }
    const inFolder = (file: string) => resolve(context.server.configFolder, file);
    const keyFile =
      config.routeKey === null ? coordinator?.routeKeyFile : inFolder(config.routeKey);
    if (keyFile === undefined) {
      throw new ServerError(
        'ROUTE_KEY',
        'datagram-relay.routeKey names no file, and there is no coordinator here',
      );
    }
    const keyText = await readText(keyFile, 'datagram-relay.routeKey');
    const routeKey = RouteKey.fromText(keyText, keyFile);

    const ownNetwork = (): { config: NetworkConfig; certificates: CertificateStore } => {
      const published = coordinator?.networkConfig(config.appId);
      if (coordinator === undefined || published === undefined) {
        throw new ServerError('NO_NETWORK_CONFIG', `the coordinator serves no app ${config.appId}`);
      }
      return { config: published.config, certificates: coordinator.certificates };
    };
    let current = ownNetwork;
    if (config.networkConfig !== null || config.coordinator !== null) {
      const cache = await openNetworkConfig({
        clock,
        rootKeys: config.rootKeys,
        appId: config.appId,
        ...(config.networkConfig === null ? {} : { file: inFolder(config.networkConfig) }),
        ...(config.coordinator === null ? {} : { coordinator: config.coordinator }),
        onFailure: (message) => {
          if (config.coordinator !== null) log.warn(`network config is not refreshed: ${message}`);
        },
      });
      context.defer(() => cache.stop());
      current = () => ({ config: cache.config as NetworkConfig, certificates: cache.certificates });
    } else if (coordinator === undefined) {
      throw new ServerError(
        'NO_NETWORK_CONFIG',
        'datagram-relay needs a coordinator in this process, or networkConfig, or coordinator',
      );
    }
    let known:
      | { config: NetworkConfig; certificates: CertificateStore; view: RelayNetworkView }
      | undefined;
    const view = (): RelayNetworkView => {
      const now = current();
      if (known?.config !== now.config || known.certificates !== now.certificates) {
        known = { ...now, view: viewOf(now.config, now.certificates, pop) };
      }
      return known.view;
    };

    const endpoint = context.udp(config.endpoint);
    const publicAddress =
      config.publicAddress === null ? undefined : PeerAddress.parse(config.publicAddress);
    if (config.publicAddress !== null && publicAddress === undefined) {
      throw new ServerError('PUBLIC_ADDRESS', 'datagram-relay.publicAddress is not a.b.c.d:port');
    }
    const engine = new RelayEngine({
      clock,
      send: (bytes, to) => endpoint.send(bytes, to),
      key: ExchangeKey.fromText(keyText),
      openRoute: (bytes) => routeKey.open(bytes),
      network: view,
      ownAddress: () => publicAddress ?? endpoint.addresses[0],
      dev,
      maxLegs: config.maxLegs,
      maxRegistrations: config.maxRegistrations,
      limits: {
        packetsPerSecond: config.packetsPerSecond,
        bytesPerSecond: config.bytesPerSecond,
        burst: 2,
      },
      opensPerMinute: config.opensPerMinute,
      handshakesPerSecond: config.handshakesPerSecond,
      idle: config.idle,
    });
    endpoint.onDatagram('', {
      shape: ({ length }) => length >= 18 && length <= 1400,
      proves: ({ bytes, from }) => engine.proves(bytes, from),
      handler: ({ bytes, from }) => engine.receive(bytes, from),
    });
    context.every(1000, () => engine.sweep());
    const networkKey = current().config.relayPublicKey;
    const isOwnKey =
      networkKey === undefined || !Buffer.from(networkKey).equals(routeKey.publicKey);
    await joinNetwork(context, {
      ...{ endpoint, pop, inFolder, appId: config.appId, checkIn: config.checkIn },
      address: () => publicAddress ?? endpoint.addresses[0],
      routeKey: isOwnKey ? routeKey.publicKey : undefined,
      coordinator: config.coordinator ?? coordinator,
      leave: () => engine.drain(Math.ceil(config.drainTime / 1000)),
      stay: () => engine.stay(),
    });

    const { forwarder, handshakes, legs, registrations } = engine;
    context.provide(DatagramRelay, {
      get status() {
        return {
          pop,
          sessions: Math.ceil(legs.count / 2),
          registrations: registrations.size,
          forwarded: forwarder.counters.forwarded,
        };
      },
      drain: (seconds) => engine.drain(seconds),
    });
    const gauge = (name: string, doc: string, read: () => number) =>
      context.metrics.gauge(name, doc, read);
    gauge('legs', 'Sides of sessions.', () => legs.count);
    gauge('registrations', 'Registered game servers.', () => registrations.size);
    for (const name of Object.keys(forwarder.counters) as (keyof typeof forwarder.counters)[]) {
      gauge(`packets_${snake(name)}`, `Packets: ${name}.`, () => forwarder.counters[name]);
    }
    for (const name of Object.keys(handshakes) as (keyof typeof handshakes)[]) {
      gauge(`handshakes_${snake(name)}`, `Handshakes: ${name}.`, () => handshakes[name]);
    }
    context.http(
      (scope) => {
        scope.get(
          '/v1/pops',
          { schema: { summary: 'Points of presence', response: { 200: PopList } } },
          () => ({
            items: [...current().config.pops].map(([code, entry]) => ({
              code,
              description: entry.desc,
              relays: entry.relays.length,
              tier: entry.tier,
              ...(entry.geo === undefined
                ? {}
                : { longitude: entry.geo[0], latitude: entry.geo[1] }),
            })),
          }),
        );
      },
      { endpoint: config.httpEndpoint },
    );
    context.on(ServerStarted, () => {
      log.info({ pop, legs: config.maxLegs }, `relay of POP ${pop}`);
    });
    context.on(ServerStopping, () => engine.drain(Math.ceil(config.drainTime / 1000)));
    // What moves needs a moment; with nobody here there is nothing to wait for.
    context.defer(async () => {
      if (legs.count === 0 || config.drainTime === 0) return;
      await new Promise<void>((done) => clock.after(config.drainTime, done));
    });
  },
});

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const PopList = Type.Object({
  items: Type.Array(
    Type.Object({
      code: Type.String(),
      description: Type.String(),
      relays: Type.Integer(),
      tier: Type.Integer(),
      longitude: Type.Optional(Type.Number()),
      latitude: Type.Optional(Type.Number()),
    }),
  ),
});
