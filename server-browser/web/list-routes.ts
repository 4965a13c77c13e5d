import { type Clock, HttpError, type HttpScope } from 'beaconry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Directory } from './directory.js';
import type { EventReaders } from './event-readers.js';
import { HISTORY_RANGES, type History, type HistoryRange } from './history.js';
import type { ListFeed } from './list-feed.js';
import * as schemas from './list-schemas.js';
import { type ListStats, listStats } from './list-stats.js';
import type { ListedServer, ServerDetail } from './listed-server.js';
import { encodingOf } from './page-files.js';
import type { Poller } from './poller.js';
import { sendEncoded } from './send-encoded.js';

export interface ListParts {
  readonly directory: Directory;
  readonly feed: ListFeed;
  readonly readers: EventReaders;
  readonly history: History;
  readonly poller: Pick<Poller, 'lookAt'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

const address = Type.Object({ address: Type.String({ maxLength: 64 }) });
const statsLifetime = 5000;

/** The list as JSON and as a stream of events; reading it sends no datagram. */
export const listRoutes =
  ({ directory, feed, readers, history, poller, clock }: ListParts) =>
  (scope: HttpScope): void => {
    scope.get(
      '/v1/servers',
      {
        schema: {
          summary: 'Listed servers',
          querystring: Type.Object({
            filter: Type.String({ default: '', maxLength: 1024 }),
            limit: Type.Integer({ default: 100, minimum: 1, maximum: 1000 }),
            after: Type.Optional(Type.String({ maxLength: 128 })),
          }),
          response: {
            200: Type.Object({
              items: Type.Array(schemas.Server),
              next: Type.Union([Type.String(), Type.Null()]),
            }),
          },
        },
      },
      (request) => {
        const { filter, limit, after } = request.query;
        const { items, next } = directory.page(filter, limit, after);
        return { items: items.map(mutable), next };
      },
    );

    scope.get(
      '/v1/servers/snapshot',
      { schema: { summary: 'The whole list in columns, and the event it stands at' } },
      (request, reply) => {
        const snapshot = feed.snapshot();
        return sendEncoded(request, reply, {
          type: 'application/json; charset=utf-8',
          tag: `"${snapshot.event}"`,
          body: (encoding) => snapshot.body(encoding),
        });
      },
    );

    scope.get(
      '/v1/servers/events',
      {
        schema: {
          summary: 'Changes of the list as server-sent events: snapshot, upsert, remove',
          description:
            'Begins with the whole list, or behind the event that Last-Event-ID or `after` names.',
          querystring: Type.Object({
            after: Type.Optional(Type.String({ maxLength: 64 })),
            brief: Type.Optional(
              Type.Literal('1', {
                description:
                  'servers of which only numbers changed come as `numbers`: [address, players, maxPlayers, bots, ping], where a ping of -1 is unknown',
              }),
            ),
          }),
        },
      },
      (request, reply) => {
        const { after, brief } = request.query;
        return openStream(request, reply, readers, after, brief === undefined ? 'full' : 'brief');
      },
    );

    scope.get(
      '/v1/servers/:address',
      { schema: { summary: 'One server', params: address, response: { 200: schemas.Detail } } },
      (request) => {
        const detail = directory.detail(request.params.address);
        if (detail === undefined) throw unknownServer(request.params.address);
        poller.lookAt(detail.address);
        return mutableDetail(detail);
      },
    );

    scope.get(
      '/v1/servers/:address/history',
      {
        schema: {
          summary: 'Players and ping of one server over time',
          params: address,
          querystring: Type.Object({
            range: Type.Union(
              Object.keys(HISTORY_RANGES).map((range) => Type.Literal(range as HistoryRange)),
              { default: '24h' },
            ),
          }),
          response: { 200: schemas.History },
        },
      },
      async (request) => {
        if (!directory.has(request.params.address)) throw unknownServer(request.params.address);
        const found = await history.read(request.params.address, request.query.range);
        const { players, maxPlayers, ping } = found;
        return {
          ...found,
          players: [...players],
          maxPlayers: [...maxPlayers],
          ping: [...ping],
        };
      },
    );

    let stats: { readonly until: number; readonly value: ListStats } | undefined;
    scope.get(
      '/v1/stats',
      { schema: { summary: 'Totals of the list', response: { 200: schemas.Stats } } },
      () => {
        const now = clock.monotonic();
        if (stats === undefined || stats.until <= now) {
          stats = { until: now + statsLifetime, value: listStats(directory.all()) };
        }
        return stats.value;
      },
    );
  };

const unknownServer = (address: string) =>
  new HttpError(
    404,
    'UNKNOWN_SERVER',
    `no registration and no favourite has the address ${JSON.stringify(address)}`,
  );

/** Writes to the response itself: core ends such streams when the server stops. */
function openStream(
  request: FastifyRequest,
  reply: FastifyReply,
  readers: EventReaders,
  after: string | undefined,
  form: 'full' | 'brief',
): FastifyReply {
  if (readers.isFull) {
    throw new HttpError(
      503,
      'TOO_MANY_READERS',
      'too many event streams are open',
      {},
      { 'retry-after': '30' },
    );
  }
  const gzip = encodingOf(request.headers['accept-encoding'], ['gzip']) === 'gzip';
  const lastId = request.headers['last-event-id'];
  const headers = reply.getHeaders();
  reply.hijack();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    vary: 'Accept-Encoding, Origin',
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  });
  reply.raw.flushHeaders();
  if (request.method === 'HEAD') {
    reply.raw.end();
    return reply;
  }
  readers
    .open(reply.raw, gzip, typeof lastId === 'string' ? lastId : after, form)
    .catch(() => reply.raw.destroy());
  return reply;
}

/** Typebox describes mutable lists. */
const mutable = (server: ListedServer) => ({
  ...server,
  tags: [...server.tags],
  flags: [...server.flags],
});
const mutableDetail = (server: ServerDetail) => ({
  ...mutable(server),
  playerList: [...server.playerList],
  rules: { ...server.rules },
  alsoListedAs: [...server.alsoListedAs],
});
