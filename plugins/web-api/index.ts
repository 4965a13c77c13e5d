import { AddressLimit, definePlugin, ServerError } from 'beaconry';
import { AuthSessions } from 'beaconry/plugins/auth-sessions';
import { ServerDirectory } from 'beaconry/plugins/browser';
import { GameServerAuthority, PlayerAuthority } from 'beaconry/plugins/coordinator';
import { PlayerAccounts } from 'beaconry/plugins/fake-ip';
import { SteamGameServer, SteamGameServers } from 'beaconry/plugins/game-server';
import { Registrations, ServerRegistrar } from 'beaconry/plugins/master';
import { SteamAdministration, SteamBackend } from 'beaconry/plugins/steam-backend';
import type { FastifyRequest } from 'fastify';
import { AdminKeys } from './admin/admin-keys.js';
import { adminRoutes } from './admin/admin-routes.js';
import { docsPage } from './admin/docs-page.js';
import { OperatorAccount } from './admin/operator-account.js';
import { reachedHost } from './game-servers/address-proof.js';
import { gameServerRoutes } from './game-servers/game-server-routes.js';
import { ServerRegistry } from './game-servers/server-registry.js';
import { KnownAccounts } from './players/known-accounts.js';
import { PlayerRegistry } from './players/player-registry.js';
import { playerRoutes } from './players/player-routes.js';
import { HostedGameServers } from './public.js';
import { socketRoutes } from './socket-routes.js';
import { KnownServers } from './steam-web-api/known-servers.js';
import { ListWork } from './steam-web-api/list-work.js';
import { serverMethods } from './steam-web-api/server-methods.js';
import { steamWebRoutes } from './steam-web-api/steam-web-routes.js';
import { ticketMethods } from './steam-web-api/ticket-methods.js';
import { userMethods } from './steam-web-api/user-methods.js';
import { utilMethods } from './steam-web-api/util-methods.js';
import type { WebMethod } from './steam-web-api/web-methods.js';
import { type WebApiConfig, webApiConfig } from './web-api-config.js';

const LEAST_TIMEOUT = 60_000;
const LEAST_KEY = 16;

export default definePlugin({
  name: 'web-api',
  api: 1,
  doc: 'The game server and player interface for programs in any language: REST, WebSocket, and the Steam Web API.',
  requires: [SteamGameServers, SteamGameServer, SteamBackend, SteamAdministration],
  optional: [AuthSessions, Registrations, ServerRegistrar, ServerDirectory],
  provides: [HostedGameServers, PlayerAuthority, GameServerAuthority, PlayerAccounts],
  config: webApiConfig,
  setup(context, config) {
    checkConfig(config);
    const { clock, log, metrics } = context;
    const backend = context.get(SteamBackend);
    const administration = context.get(SteamAdministration);
    const perSecond = config.callsPerSecond;
    const calls = new AddressLimit(clock, { perSecond, burst: 2 * perSecond, size: 8192 });
    const inits = new AddressLimit(clock, { perSecond: 1, burst: 32, size: 8192 });

    const registry = new ServerRegistry(
      context.get(SteamGameServers),
      config,
      {
        registrar: context.find(ServerRegistrar),
        directory: context.find(ServerDirectory),
        clock,
      },
      clock,
    );
    const players = new PlayerRegistry(backend, config, clock, log);
    context.defer(() => {
      registry.close();
      players.close();
    });
    context.every(config.pump, () => registry.pump());
    context.every(1000, () => {
      registry.expire();
      players.expire();
    });
    context.provide(HostedGameServers, registry);
    context.provide(PlayerAuthority, {
      identify: async (bearer) => {
        const player = players.find(bearer);
        if (player === undefined) return undefined;
        const identity = `steamid:${player.steamId}`;
        return player.appId === undefined ? { identity } : { identity, appId: player.appId };
      },
    });
    context.provide(GameServerAuthority, {
      identify: async (bearer) => {
        const hosted = registry.find(bearer);
        const steamId = hosted?.server.getSteamID() ?? 0n;
        if (hosted === undefined || steamId === 0n) return undefined;
        return { identity: `steamid:${steamId}`, appId: hosted.init.appId };
      },
    });

    context.provide(PlayerAccounts, new KnownAccounts(players, backend, administration));

    const { serverTimeout, playerTimeout, endpoint } = config;
    const http = { endpoint };
    const publicHost = context.server.publicAddress.ipv4 ?? undefined;
    const reachedAt = (request: FastifyRequest) => reachedHost(request, publicHost);
    context.http(
      gameServerRoutes({ registry, calls, inits, clock, serverTimeout, reachedAt }),
      http,
    );
    context.http(playerRoutes({ players, backend, calls, playerTimeout }), http);
    context.http(
      socketRoutes({
        admit: async (hello, address) =>
          'handle' in hello ? registry.get(hello.handle) : players.get(hello.accountKey, address),
        calls,
        clock,
        failed: (error) => log.error({ err: error }, 'a call over a WebSocket failed'),
      }),
      http,
    );

    const keys = new AdminKeys(context.store.namespace('keys'), clock, config.publisherKeys);
    context.onForget(async ({ kind, text }) => {
      const count = kind === 'steam-id' ? await keys.removeOwnedBy(text) : 0;
      return count === 0 ? undefined : `removed ${count} keys`;
    });
    const operatorAccount = new OperatorAccount(context.store.namespace('state'), administration);
    const operator = () => operatorAccount.get();
    const audit: typeof context.audit = (caller, action) => context.audit(caller, action);
    const methods: WebMethod[] = [];
    const registrations = context.find(Registrations);
    const known = new KnownServers(registrations, registry, context.httpReader(endpoint));
    const work = new ListWork(clock, {
      ofFilter: (filter) => registrations?.cost(filter) ?? 0,
      hosted: () => registry.size,
    });
    methods.push(
      ...ticketMethods(administration),
      ...serverMethods(administration, known, clock, work),
      ...userMethods(administration, clock),
      ...utilMethods(clock, () => methods),
    );
    const wrongKeys = new AddressLimit(clock, { perSecond: 1 / 6, burst: 10, size: 8192 });
    context.http(steamWebRoutes({ methods, keys, calls, wrongKeys, operator, audit }), http);

    const admin = { endpoint: 'admin', ifPresent: true } as const;
    const own = context.get(SteamGameServer);
    const servers = () => [own, ...[...registry.all()].map(({ server }) => server)];
    context.http(adminRoutes({ keys, operator, audit, administration, servers }), {
      ...admin,
      prefix: '/v1/admin',
    });
    context.http(docsPage, admin);
    metrics.gauge('game_servers', 'Game servers that run for callers.', () => registry.size);
    metrics.gauge('players', 'Players that are logged on here.', () => players.size);
  },
});

/** Error `WEB_API_CONFIG`. */
function checkConfig({ publisherKeys, serverTimeout }: WebApiConfig): void {
  const wrong =
    serverTimeout < LEAST_TIMEOUT
      ? 'serverTimeout is shorter than the 60s in which a lost socket may come back'
      : publisherKeys.some((key) => key.length < LEAST_KEY)
        ? `a key of publisherKeys is shorter than ${LEAST_KEY} characters`
        : undefined;
  if (wrong !== undefined) throw new ServerError('WEB_API_CONFIG', `web-api: ${wrong}`);
}
