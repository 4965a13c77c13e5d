import { AddressLimit, type Clock, HttpError, PeerAddress, type Routes } from 'beaconry';
import type { PlayerAuthority } from 'beaconry/plugins/coordinator';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type AutoTickets, unlicensed } from './auto-tickets.js';
import { App, answered, bearer, tooMany } from './fake-ip-answers.js';
import { GLOBAL_PORT } from './fake-ip-range.js';
import type { FakeIps, PlayerAccounts } from './public.js';

export interface PlayerRoutesOptions {
  readonly fakeIps: FakeIps;
  readonly tickets: AutoTickets;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly players: PlayerAuthority | undefined;
  readonly accounts: PlayerAccounts | undefined;
}

/** For players: who is behind a FakeIP, and a ticket to it. */
export function playerRoutes(options: PlayerRoutesOptions): Routes {
  const { fakeIps, tickets, clock, players, accounts } = options;
  const lookups = new AddressLimit(clock, { perSecond: 20 });
  /** Each ticket costs a signature. */
  const signed = new AddressLimit(clock, { perSecond: 20 });

  /** A live session whose account holds the app; where nobody knows accounts, the app of the logon counts. */
  const player = async (request: FastifyRequest, appId: number): Promise<string> => {
    const token = bearer(request);
    const found = token === undefined ? undefined : await players?.identify(token);
    if (found === undefined) {
      throw new HttpError(401, 'UNAUTHENTICATED', 'this needs the token of a player');
    }
    const holds =
      accounts === undefined ? found.appId === appId : await accounts.holds(found.identity, appId);
    if (holds) return found.identity;
    throw unlicensed(appId);
  };

  return (scope) => {
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
        if (!lookups.take(PeerAddress.of(request.ip, 0))) throw tooMany('look-ups');
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
        onRequest: async (request: FastifyRequest) => {
          if (!signed.take(PeerAddress.of(request.ip, 0))) throw tooMany('requests');
        },
        schema: {
          summary:
            'Connects a player to a FakeIP: the answer holds a ticket made on behalf of the server',
          body: Type.Object({ appId: App, address: Type.String({ maxLength: 21 }) }),
        },
      },
      async (request) => {
        const { appId, address } = request.body;
        return answered(async () => {
          const client = await player(request, appId);
          const made = await tickets.forPlayer(client, appId, address);
          return { ...made, ticket: Buffer.from(made.ticket).toString('base64') };
        });
      },
    );
  };
}
