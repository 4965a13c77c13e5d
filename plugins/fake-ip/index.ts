import { definePlugin } from 'beaconry';
import { Coordinator, GameServerAuthority, PlayerAuthority } from 'beaconry/plugins/coordinator';
import { FakeIpRegistry } from './fake-ip-registry.js';
import { fakeIpRoutes } from './fake-ip-routes.js';
import { AppOwnership, FakeIps } from './public.js';

export default definePlugin({
  name: 'fake-ip',
  api: 1,
  doc: 'FakeIPs: addresses that stand for game servers whose real one stays hidden behind relays.',
  provides: [FakeIps],
  optional: [Coordinator, PlayerAuthority, GameServerAuthority, AppOwnership],
  config: {
    endpoint: {
      doc: 'HTTP endpoints on which FakeIPs are given out and looked up.',
      format: 'http-endpoints',
      default: 'http',
    },
  },
  setup(context, config) {
    const { clock, store } = context;
    const fakeIps = new FakeIpRegistry(store, clock);
    context.provide(FakeIps, fakeIps);
    context.onForget(async ({ kind, text }) => {
      const count = kind === 'steam-id' ? await fakeIps.forget(`steamid:${text}`) : 0;
      return count === 0 ? undefined : `released ${count} FakeIPs`;
    });
    context.http(
      fakeIpRoutes({
        fakeIps,
        clock,
        coordinator: context.find(Coordinator),
        players: context.find(PlayerAuthority),
        servers: context.find(GameServerAuthority),
        ownership: context.find(AppOwnership),
      }),
      { endpoint: config.endpoint },
    );
  },
});
