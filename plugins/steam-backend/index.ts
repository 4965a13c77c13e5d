import { join } from 'node:path';
import { definePlugin } from 'beaconry';
import { Bans, BansAdded } from 'beaconry/plugins/bans';
import { backendConfig, readKeyFile, toBackendOptions } from './backend-config.js';
import { BackendGateway } from './backend-gateway.js';
import { backendCommands } from './commands/backend-commands.js';
import { CommunityBans } from './community-bans.js';
import { LocalAdministration } from './local-administration.js';
import { LocalBackend } from './local-backend.js';
import { BanLookup, SteamAdministration, SteamBackend } from './public.js';
import { remoteAdministration } from './remote-administration.js';
import { RemoteBackend } from './remote-backend.js';
import { openTicketKey } from './ticket-key.js';

export default definePlugin({
  name: 'steam-backend',
  api: 1,
  doc: "Plays the part of Steam's servers: accounts, login tokens, tickets, licences, groups, bans.",
  provides: [SteamBackend, SteamAdministration],
  optional: [BanLookup, Bans],
  config: backendConfig,
  commands: backendCommands,
  async setup(context, config) {
    if (config.backend !== 'local') {
      const remote = new RemoteBackend(config.backend, context.clock);
      context.provide(SteamBackend, remote);
      context.provide(SteamAdministration, remoteAdministration(config.backend));
      context.defer(() => remote.close());
      return;
    }
    const { configFolder, data, node } = context.server;
    const [lookup, bans] = [context.find(BanLookup), context.find(Bans)];
    let community: CommunityBans | undefined;
    const backend = new LocalBackend({
      store: context.store,
      bus: context.bus,
      clock: context.clock,
      log: context.log,
      node,
      key: await openTicketKey(join(data, 'steam-ticket.key')),
      trustedKeys: config.trustedKeys.map((file) => readKeyFile(file, configFolder)),
      options: toBackendOptions(config, configFolder),
      bans: (stored) => {
        if (lookup !== undefined || bans === undefined) return lookup ?? stored;
        community = new CommunityBans(stored, bans);
        return community;
      },
    });
    context.on(BansAdded, (added) => community?.heard(added.bans));
    await backend.start();
    context.defer(() => backend.close());
    context.provide(SteamBackend, backend);
    context.provide(SteamAdministration, new LocalAdministration(backend));
    context.onForget(async ({ kind, text }) => {
      if (kind !== 'steam-id') return undefined;
      const removed = await backend.removal.remove(BigInt(text));
      return removed ? 'removed the account' : undefined;
    });
    context.metrics.gauge('connections', 'Links held by this node', () => backend.connections.held);
    context.metrics.gauge(
      'token_pools',
      'Connections whose connect tokens are kept by this node.',
      () => backend.tickets.size,
    );

    const gateways = new Set<BackendGateway>();
    context.http(
      (scope) => {
        scope.get('/backend', { websocket: true, schema: { hide: true } }, (socket, request) => {
          const gateway = new BackendGateway(
            socket,
            request.ip,
            backend,
            context.log,
            context.clock,
          );
          gateways.add(gateway);
          socket.on('close', () => gateways.delete(gateway));
        });
      },
      {
        ...{ endpoint: config.endpoint, prefix: '/v1', ifPresent: true },
        // Anybody could make accounts there, so it is either for this machine or wanted in words.
        ...(config.accounts === 'open' && !config.allowOpenAccounts
          ? { loopbackOnly: 'accounts: open needs allowOpenAccounts: true there, or another mode' }
          : {}),
      },
    );
    context.defer(() => {
      for (const gateway of gateways) gateway.close();
    });
  },
});
