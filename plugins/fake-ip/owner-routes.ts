import { AddressLimit, type Clock, HttpError, PeerAddress, type Routes } from 'beaconry';
import type { Coordinator, GameServerAuthority } from 'beaconry/plugins/coordinator';
import type { HostedGameServers } from 'beaconry/plugins/web-api';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { isAnonymousGameServer } from '../coordinator/sdr/host-identity-codec.js';
import type { AutoTickets } from './auto-tickets.js';
import { App, answered, bearer, tooMany } from './fake-ip-answers.js';
import { type FakeIpListing, LeasedPlace } from './fake-ip-listing.js';
import type { LeaseTokens } from './lease-tokens.js';
import type { FakeIpAllocation, FakeIps } from './public.js';
import { describeSaid, SaidServer, wishIn } from './said-server.js';

export interface OwnerRoutesOptions {
  readonly fakeIps: FakeIps;
  readonly tickets: AutoTickets;
  readonly tokens: LeaseTokens;
  readonly listing: FakeIpListing;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly coordinator: Coordinator | undefined;
  readonly servers: GameServerAuthority | undefined;
  readonly hosted: HostedGameServers | undefined;
}

/** Signatures are dear: what one address may make us judge or sign in a second. */
const JUDGED_PER_SECOND = 20;
const MAX_LOGIN_TEXT = 5464;
const Identity = Type.String({ maxLength: 127 });

interface Owner {
  readonly identity: string;
  readonly appId: number;
}

/** For game servers: to have a FakeIP, to keep it, and to let players in by it. */
export function ownerRoutes(options: OwnerRoutesOptions): Routes {
  const { fakeIps, tickets, tokens, listing, clock, coordinator, servers, hosted } = options;
  const judged = new AddressLimit(clock, { perSecond: JUDGED_PER_SECOND });
  const limit = async (request: FastifyRequest) => {
    if (!judged.take(PeerAddress.of(request.ip, 0))) throw tooMany('requests');
  };

  /** A game server by its handle; for what lasts no longer than a lease also by the word that came with it. */
  const owner = async (request: FastifyRequest, appId: number, mayHold = false): Promise<Owner> => {
    const token = bearer(request) ?? '';
    const found =
      (await servers?.identify(token)) ?? (mayHold ? await fakeIps.holderOf(token) : undefined);
    if (found === undefined) {
      throw new HttpError(401, 'UNAUTHENTICATED', 'this needs the handle of a game server');
    }
    if (found.appId === appId) return found;
    throw new HttpError(403, 'FORBIDDEN', `the game server runs app ${found.appId}`);
  };

  /** A game server of this node is shown at its FakeIP, and at its own address no more. */
  const place = (request: FastifyRequest, lease: FakeIpAllocation | undefined): boolean => {
    const at = hosted?.find(bearer(request) ?? '')?.listing;
    at?.moveTo(lease && new LeasedPlace(lease, listing, clock));
    return at !== undefined;
  };

  const show = (lease: FakeIpAllocation, server: Static<typeof SaidServer> | undefined) => {
    if (server === undefined) listing.hide(lease);
    else listing.show(lease, describeSaid(server, lease.appId));
  };

  /** With a word for other services, unless nobody answers for the server. */
  const granted = (lease: FakeIpAllocation) =>
    isAnonymousGameServer(lease.identity) ? lease : { ...lease, token: tokens.issue(lease) };

  return (scope) => {
    scope.post(
      '/v1/fake-ips',
      {
        onRequest: limit,
        schema: {
          summary: 'Asks for a FakeIP',
          description:
            'The token proves the identity to the signaling service and for tickets, as long as the lease lives.',
          body: Type.Object({ appId: App, ports: Type.Integer({ minimum: 1, maximum: 4 }) }),
        },
      },
      async (request) => {
        const { appId, ports } = request.body;
        const { identity } = await owner(request, appId);
        return answered(async () => {
          const lease = await fakeIps.allocate(appId, identity, ports);
          place(request, lease);
          return granted(lease);
        });
      },
    );
    scope.put(
      '/v1/fake-ips/self',
      {
        onRequest: limit,
        schema: {
          summary: 'Keeps a FakeIP; open: false while the server is full or closed',
          description:
            'With `server` the master lists it at FakeIP:port, unless it is anonymous; a game server of this interface is listed by its own state.',
          body: Type.Object({
            appId: App,
            open: Type.Boolean(),
            server: Type.Optional(SaidServer),
          }),
        },
      },
      async (request) => {
        const { appId, open, server } = request.body;
        const { identity } = await owner(request, appId);
        return answered(async () => {
          const lease = await fakeIps.renew(appId, identity, { open });
          if (!place(request, lease)) show(lease, server);
          return granted(lease);
        });
      },
    );
    scope.delete(
      '/v1/fake-ips/self',
      {
        onRequest: limit,
        schema: { summary: 'Gives a FakeIP back', body: Type.Object({ appId: App }) },
      },
      async (request) => {
        const { appId } = request.body;
        const { identity } = await owner(request, appId);
        return answered(async () => {
          const lease = await fakeIps.release(appId, identity);
          if (lease !== undefined) listing.hide(lease);
          place(request, undefined);
          return { released: lease !== undefined };
        });
      },
    );
    scope.post(
      '/v1/fake-ips/hosted',
      {
        onRequest: limit,
        schema: {
          summary:
            'Asks for a FakeIP, keeps it, or gives it back, for a hosted server with a certificate',
          description:
            'The login is the one for /coordinator/servers. Its app data is JSON with `fakeIp: {ports, open, server?}`: with `server` the master lists it at FakeIP:port, with `ports: 0` the FakeIP is given back.',
          body: Type.Object({ login: Type.String({ maxLength: MAX_LOGIN_TEXT }) }),
        },
      },
      async (request) =>
        answered(async () => {
          if (coordinator === undefined) {
            throw new HttpError(503, 'NO_COORDINATOR', 'no enabled plugin knows certificates');
          }
          const login = Buffer.from(request.body.login, 'base64');
          const { identity, appId, appData, generatedAt: saidAt } = coordinator.judgeLogin(login);
          const wish = wishIn(appData);
          if (wish === undefined) {
            const text = 'the app data of the login holds no fakeIp as described';
            throw new HttpError(400, 'INVALID_REQUEST', text);
          }
          const { ports, open, server } = wish;
          if (ports === 0) {
            const ended = await fakeIps.release(appId, identity, saidAt);
            if (ended !== undefined) listing.hide(ended);
            return { released: ended !== undefined };
          }
          const lease = await fakeIps.allocate(appId, identity, ports, { open, saidAt });
          show(lease, server);
          return granted(lease);
        }),
    );
    scope.post(
      '/v1/fake-ips/tickets',
      {
        onRequest: limit,
        schema: {
          summary: 'Ticket for a player who asked the server by signals',
          description:
            'The caller holds the FakeIP; the player is logged on and holds the app; the server is neither full nor closed.',
          body: Type.Object({
            appId: App,
            client: Identity,
            virtualPort: Type.Integer({ minimum: 0, maximum: 0x7fffffff }),
          }),
        },
      },
      async (request) => {
        const { appId, client, virtualPort } = request.body;
        const { identity: server } = await owner(request, appId, true);
        const ticket = await answered(() =>
          tickets.forServer({ appId, server, client, virtualPort }),
        );
        return { ticket: Buffer.from(ticket).toString('base64') };
      },
    );
  };
}
