import { definePlugin, openSharedSecret } from 'beaconry';
import { Coordinator, GameServerAuthority, PlayerAuthority } from 'beaconry/plugins/coordinator';
import { FakeIpRegistrar } from 'beaconry/plugins/master';
import { HostedGameServers } from 'beaconry/plugins/web-api';
import { AutoTickets } from './auto-tickets.js';
import { FakeIpListing } from './fake-ip-listing.js';
import { FakeIpRegistry } from './fake-ip-registry.js';
import { LeaseTokens } from './lease-tokens.js';
import { ownerRoutes } from './owner-routes.js';
import { playerRoutes } from './player-routes.js';
import { FakeIps, PlayerAccounts } from './public.js';

export default definePlugin({
  name: 'fake-ip',
  api: 1,
  doc: 'FakeIPs: addresses that stand for game servers whose real one stays hidden behind relays.',
  provides: [FakeIps],
  optional: [
    Coordinator,
    PlayerAuthority,
    GameServerAuthority,
    PlayerAccounts,
    HostedGameServers,
    FakeIpRegistrar,
  ],
  config: {
    endpoint: {
      doc: 'HTTP endpoints on which FakeIPs are given out and looked up.',
      format: 'http-endpoints',
      default: 'http',
    },
  },
  async setup(context, config) {
    const { clock, store } = context;
    const secret = await openSharedSecret(context);
    context.defer(secret.close);
    const tokens = new LeaseTokens(clock, secret.source);
    const fakeIps = new FakeIpRegistry(store, clock, tokens);
    context.provide(FakeIps, fakeIps);
    const coordinator = context.find(Coordinator);
    const accounts = context.find(PlayerAccounts);
    const tickets = new AutoTickets({ fakeIps, coordinator, accounts });
    const { endpoint } = config;
    const listing = new FakeIpListing(context.find(FakeIpRegistrar));
    context.onForget(async ({ kind, text }) => {
      const leases = kind === 'steam-id' ? await fakeIps.forget(`steamid:${text}`) : [];
      for (const lease of leases) listing.hide(lease);
      return leases.length === 0 ? undefined : `released ${leases.length} FakeIPs`;
    });
    context.http(
      ownerRoutes({
        ...{ fakeIps, tickets, tokens, listing, clock, coordinator },
        servers: context.find(GameServerAuthority),
        hosted: context.find(HostedGameServers),
      }),
      { endpoint },
    );
    const players = context.find(PlayerAuthority);
    context.http(playerRoutes({ fakeIps, tickets, clock, players, accounts }), { endpoint });
  },
});
