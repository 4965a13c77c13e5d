import {
  AddressLimit,
  type Clock,
  HttpError,
  PeerAddress,
  type Routes,
  ServerError,
} from 'beaconry';
import type {
  Coordinator,
  GameServerAuthority,
  PlayerAuthority,
} from 'beaconry/plugins/coordinator';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { GLOBAL_PORT } from './fake-ip-range.js';
import type { AppOwnership, FakeIps } from './public.js';

export interface FakeIpRoutesOptions {
  readonly fakeIps: FakeIps;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly coordinator: Coordinator | undefined;
  readonly players: PlayerAuthority | undefined;
  readonly servers: GameServerAuthority | undefined;
  readonly ownership: AppOwnership | undefined;
}

const App = Type.Integer({ minimum: 0, maximum: 0xffffffff });
const STATUS: Readonly<Record<string, number>> = {
  FAKE_IP_BUSY: 503,
  FAKE_IP_NO_MATCH: 404,
  FAKE_IP_LIMIT: 409,
  SERVER_UNKNOWN: 404,
};

const bearer = (request: FastifyRequest): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];

/** The HTTP surface: servers ask for FakeIPs and keep them, players connect by them. */
export function fakeIpRoutes(options: FakeIpRoutesOptions): Routes {
  const { fakeIps, clock, coordinator } = options;
  const lookups = new AddressLimit(clock, { perSecond: 20 });

  const server = async (request: FastifyRequest): Promise<string> => {
    const token = bearer(request);
    const found = token === undefined ? undefined : await options.servers?.identify(token);
    if (found !== undefined) return found.identity;
    throw new HttpError(401, 'UNAUTHENTICATED', 'this needs the handle of a game server');
  };
  const player = async (request: FastifyRequest, appId: number): Promise<string> => {
    const token = bearer(request);
    const found = token === undefined ? undefined : await options.players?.identify(token);
    if (found === undefined) {
      throw new HttpError(401, 'UNAUTHENTICATED', 'this needs the token of a player');
    }
    const holds =
      options.ownership === undefined
        ? found.appId === appId
        : await options.ownership.holds(found.identity, appId);
    if (holds) return found.identity;
    throw new HttpError(403, 'NO_LICENCE', `the account holds no licence of app ${appId}`);
  };
  const answered = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ServerError) || error instanceof HttpError) throw error;
      throw new HttpError(STATUS[error.code] ?? 400, error.code, error.message);
    }
  };

  return (scope) => {
    scope.post(
      '/v1/fake-ips',
      {
        schema: {
          summary: 'Asks for a FakeIP',
          body: Type.Object({ appId: App, ports: Type.Integer({ minimum: 1, maximum: 4 }) }),
        },
      },
      async (request) => {
        const { appId, ports } = request.body;
        const identity = await server(request);
        return answered(() => fakeIps.allocate(appId, identity, ports));
      },
    );
    scope.put(
      '/v1/fake-ips/self',
      {
        schema: {
          summary: 'Keeps a FakeIP; open: false while the server is full or closed',
          body: Type.Object({ appId: App, open: Type.Boolean() }),
        },
      },
      async (request) => {
        const { appId, open } = request.body;
        const identity = await server(request);
        return answered(() => fakeIps.renew(appId, identity, { open }));
      },
    );
    scope.delete(
      '/v1/fake-ips/self',
      { schema: { summary: 'Gives a FakeIP back', body: Type.Object({ appId: App }) } },
      async (request) => {
        const identity = await server(request);
        return { released: await fakeIps.release(request.body.appId, identity) };
      },
    );
    scope.get(
      '/v1/fake-ips/:appId/:address',
      {
        schema: {
          summary: 'Real identity behind a FakeIP',
          params: Type.Object({
            appId: Type.String({ pattern: '^\\d{1,10}$' }),
            address: Type.String({ maxLength: 21 }),
          }),
        },
      },
      async (request) => {
        if (!lookups.take(PeerAddress.of(request.ip, 0))) {
          throw new HttpError(
            429,
            'TOO_MANY_REQUESTS',
            'too many look-ups',
            {},
            { 'retry-after': '1' },
          );
        }
        const { appId, address } = request.params;
        const owner = await answered(() => fakeIps.find(Number(appId), address));
        if (owner === undefined)
          throw new HttpError(404, 'FAKE_IP_NO_MATCH', `nobody is at ${address}`);
        return { identity: owner.identity, virtualPort: GLOBAL_PORT + owner.index };
      },
    );
    scope.post(
      '/v1/fake-ips/connect',
      {
        schema: {
          summary:
            'Connects a player to a FakeIP: the answer holds a ticket made on behalf of the server',
          body: Type.Object({ appId: App, address: Type.String({ maxLength: 21 }) }),
        },
      },
      async (request) => {
        const { appId, address } = request.body;
        const client = await player(request, appId);
        return answered(async () => {
          const owner = await fakeIps.find(appId, address);
          if (owner === undefined)
            throw new HttpError(404, 'FAKE_IP_NO_MATCH', `nobody is at ${address}`);
          if (!owner.open)
            throw new HttpError(409, 'SERVER_CLOSED', 'the server is full or closed');
          if (coordinator === undefined) {
            throw new HttpError(503, 'NO_COORDINATOR', 'no enabled plugin makes tickets');
          }
          const virtualPort = GLOBAL_PORT + owner.index;
          const ticket = await coordinator.issueTicket({
            appId,
            client,
            server: owner.identity,
            virtualPort,
          });
          return {
            identity: owner.identity,
            virtualPort,
            ticket: Buffer.from(ticket).toString('base64'),
          };
        });
      },
    );
  };
}
