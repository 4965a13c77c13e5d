import {
  AddressLimit,
  type Clock,
  DecodeError,
  HttpError,
  isNotModified,
  PeerAddress,
  type Routes,
  tagOf,
} from 'beaconry';
import { isFakeIpPort } from 'beaconry/plugins/fake-ip';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Callers, type CallersOptions } from './callers.js';
import type { Coordinator, ExtraField } from './public.js';
import { answered } from './refusal-answers.js';
import { decodeBase64, encodeBase64 } from './sdr/armour-codec.js';
import { CONFIG_SIGNATURE_HEADER } from './sdr/network-config-codec.js';

export interface CoordinatorRoutesOptions extends CallersOptions {
  readonly coordinator: Coordinator;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Signatures are dear: what one address may make us judge in a second. */
const JUDGED_PER_SECOND = 20;

/** Players that one address may have placed in a second, and at once: each costs a signature. */
const PLACED_PER_SECOND = 256;
const PLACED_BURST = 1024;
/** What a small group is counted as: all servers are looked at for it too. */
const LEAST_PLACED = 4;

const tooMany = () =>
  new HttpError(429, 'TOO_MANY_REQUESTS', 'too many requests', {}, { 'retry-after': '1' });

const App = Type.Integer({ minimum: 0, maximum: 0xffffffff });
const Identity = Type.String({ maxLength: 127 });
const Location = Type.String({ maxLength: 1023 });
const Blob = Type.String({ maxLength: 16_384, description: 'Base64.' });
const Signed64 = Type.String({ pattern: '^-?\\d{1,19}$' });
const Unsigned64 = Type.String({ pattern: '^\\d{1,20}$' });
const Extra = Type.Array(
  Type.Object({
    name: Type.String(),
    string: Type.Optional(Type.String()),
    int64: Type.Optional(Signed64),
    fixed64: Type.Optional(Unsigned64),
  }),
  { maxItems: 32 },
);

/** The HTTP surface of the coordinator; blobs are base64. */
export function coordinatorRoutes(options: CoordinatorRoutesOptions): Routes {
  const { coordinator, clock } = options;
  const judged = new AddressLimit(clock, { perSecond: JUDGED_PER_SECOND });
  const placed = new AddressLimit(clock, { perSecond: PLACED_PER_SECOND, burst: PLACED_BURST });
  const limit = async (request: FastifyRequest) => {
    if (judged.take(PeerAddress.of(request.ip, 0))) return;
    throw tooMany();
  };
  return (scope) => {
    const caller = new Callers(scope, options);

    scope.get(
      '/coordinator/config/:appId',
      {
        schema: {
          summary: 'Network config',
          params: Type.Object({ appId: Type.String({ pattern: '^\\d{1,10}$' }) }),
        },
      },
      (request, reply) => {
        const published = coordinator.networkConfig(Number(request.params.appId));
        if (published === undefined) {
          throw new HttpError(404, 'APP_UNKNOWN', `no app ${request.params.appId} here`);
        }
        reply.header(CONFIG_SIGNATURE_HEADER, published.signature);
        if (isNotModified(request, reply, tagOf(published.text + published.signature)))
          return reply;
        return reply.type('application/json; charset=utf-8').send(published.text);
      },
    );

    scope.post(
      '/coordinator/signon',
      {
        onRequest: limit,
        schema: { summary: 'Certificate of a player', body: Type.Object({ request: Blob }) },
      },
      async (request) => {
        const player = await caller.player(request);
        return answered(() => coordinator.signon(player, blob(request.body.request)));
      },
    );

    scope.post(
      '/coordinator/tickets',
      {
        onRequest: limit,
        schema: {
          summary: 'Relay ticket',
          description: 'A player gets one for itself; the admin names the client.',
          body: Type.Object({
            appId: App,
            server: Identity,
            virtualPort: Type.Optional(Type.Integer({ minimum: -1, maximum: 0x7fffffff })),
            extra: Type.Optional(Extra),
            client: Type.Optional(Identity),
          }),
        },
      },
      async (request, reply) => {
        const { appId, server, virtualPort, extra, client } = request.body;
        if (virtualPort !== undefined && isFakeIpPort(virtualPort)) {
          const text = 'a FakeIP is reached with a ticket that its server asks for';
          throw new HttpError(403, 'TICKET_FAKE_IP', text);
        }
        const ticket = await answered(async () =>
          coordinator.issueTicket({
            appId,
            server,
            client: await caller.client(request, reply, appId, client),
            ...(virtualPort === undefined || virtualPort === -1 ? {} : { virtualPort }),
            extra: (extra ?? []).map(readExtra),
          }),
        );
        return { ticket: encodeBase64(ticket) };
      },
    );

    scope.post(
      '/coordinator/servers',
      {
        onRequest: limit,
        schema: { summary: 'Hosted server signs on', body: Type.Object({ login: Blob }) },
      },
      (request) => answered(() => coordinator.loginServer(blob(request.body.login))),
    );

    scope.post(
      '/coordinator/relays',
      {
        onRequest: limit,
        schema: { summary: 'Relay checks in', body: Type.Object({ checkIn: Blob }) },
      },
      (request) => answered(() => coordinator.checkInRelay(blob(request.body.checkIn))),
    );

    scope.post(
      '/coordinator/place',
      {
        schema: {
          summary: 'Server for a group of players',
          body: Type.Object({
            appId: App,
            players: Type.Array(Type.Object({ identity: Identity, location: Location }), {
              maxItems: 256,
            }),
          }),
        },
      },
      async (request, reply) => {
        const { appId, players } = request.body;
        await caller.serverOrAdmin(request, reply, appId);
        if (!placed.take(PeerAddress.of(request.ip, 0), Math.max(LEAST_PLACED, players.length))) {
          throw tooMany();
        }
        const { tickets, ...placement } = await answered(() => coordinator.place(appId, players));
        return { ...placement, tickets: tickets.map(encodeBase64) };
      },
    );

    scope.post(
      '/coordinator/pings/estimate',
      {
        onRequest: limit,
        schema: { summary: 'Estimated ping', body: Type.Object({ a: Location, b: Location }) },
      },
      (request) => ({ milliseconds: coordinator.estimatePing(request.body.a, request.body.b) }),
    );
  };
}

function blob(text: string): Uint8Array {
  try {
    return decodeBase64(text, 12_288);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new HttpError(400, 'INVALID_REQUEST', `blob ${cause.message}`);
  }
}

function readExtra(field: {
  readonly name: string;
  readonly string?: string;
  readonly int64?: string;
  readonly fixed64?: string;
}): ExtraField {
  const { name, string, int64, fixed64 } = field;
  const given = [string, int64, fixed64].filter((value) => value !== undefined);
  if (given.length === 1) {
    if (string !== undefined) return { name, text: string };
    const value = BigInt(given[0] ?? 0);
    const [least, limit] = int64 === undefined ? [0n, 1n << 64n] : [-(1n << 63n), 1n << 63n];
    if (value >= least && value < limit)
      return { name, [int64 === undefined ? 'unsigned' : 'signed']: value } as ExtraField;
  }
  throw new HttpError(
    400,
    'TICKET_EXTRA_VALUE',
    `extra field ${name} needs one value: string, int64 or fixed64`,
  );
}
