import { resolve } from 'node:path';
import { definePlugin, list, messageOf, ServerError } from 'beaconry';
import { QueryClient, resolveAddress, UdpSocket } from 'beaconry/a2s-query';
import { Registrations } from 'beaconry/plugins/master';
import { CountryData } from './country-data.js';
import { Directory } from './directory.js';
import { EventReaders } from './event-readers.js';
import { Favourites } from './favourites.js';
import { History } from './history.js';
import { HistoryTurn, turnInterval } from './history-turn.js';
import { checkJoinLink } from './join-links.js';
import { ListFeed } from './list-feed.js';
import { listRoutes } from './list-routes.js';
import { adminPageRoutes, pageRoutes } from './page-routes.js';
import { PollableAddresses } from './pollable-addresses.js';
import { Poller } from './poller.js';
import { ServerDirectory } from './public.js';

const pollTick = 200;
const eventInterval = 500;
/** Core cuts connections that are silent for two minutes. */
const pingInterval = 20_000;
/** Names of favourites are resolved again. */
const resolveInterval = 600_000;
const rememberedChallenges = 65_536;

export default definePlugin({
  name: 'browser',
  api: 1,
  doc: 'The server list as a page, as JSON and as events; keeps it fresh by asking the servers.',
  provides: [ServerDirectory],
  optional: [Registrations],
  config: {
    endpoint: { doc: 'HTTP endpoints of the list.', format: 'http-endpoints', default: 'http' },
    poll: {
      interval: {
        doc: 'Time between two questions to one server.',
        format: 'duration',
        default: '30s',
      },
      timeout: { doc: 'How long to wait for an answer.', format: 'duration', default: '1s' },
      packetsPerSecond: {
        doc: 'Most packets sent each second to all servers together.',
        format: 'nat',
        default: 1500,
      },
      inFlight: { doc: 'Servers asked at the same time.', format: 'nat', default: 256 },
      allow: {
        doc: 'Ranges that are asked although they are not public, such as 10.0.0.0/8. Loopback servers are on the list only where the master accepts them.',
        format: list({ doc: 'Range.', format: 'cidr', default: null }),
        default: ['127.0.0.0/8', '::1/128'],
      },
    },
    history: {
      fine: {
        doc: 'How long players and ping are kept for every five minutes; then for every hour, as long as retention.history says.',
        format: 'duration',
        default: '3d',
      },
    },
    regionData: {
      doc: 'File in MMDB format with countries by address; relative to this file. None is shipped: without one, countries are unknown.',
      format: String,
      default: null,
      nullable: true,
    },
    attribution: {
      doc: 'Line at the foot of the page, such as the terms of the country data ask for.',
      format: String,
      default: null,
      nullable: true,
    },
    favourites: {
      doc: 'Servers that are listed and asked although they do not register here.',
      format: list({ doc: 'host:port to query.', format: 'address', default: null }),
      default: [],
    },
    joinLinks: {
      doc: 'Links to join by, beside steam://connect.',
      format: list({
        label: { doc: 'Text of the link.', format: String, default: null },
        url: {
          doc: 'https: or the scheme of a game, with {address}, or {host} and {port}.',
          format: String,
          default: null,
        },
        modDir: {
          doc: 'Game directory of the servers that have the link; null for all.',
          format: String,
          default: null,
          nullable: true,
        },
      }),
      default: [],
    },
    embedOrigins: {
      doc: 'Origins whose pages may show the list in a frame (/?embed=1), such as https://example.org.',
      format: list({ doc: 'An origin.', format: String, default: null }),
      default: [],
    },
  },

  async setup(context, config) {
    const { clock, metrics, server } = context;
    for (const { url } of config.joinLinks) checkJoinLink(url);
    for (const origin of config.embedOrigins) checkOrigin(origin);
    const countries =
      config.regionData === null
        ? undefined
        : await CountryData.open(resolve(server.configFolder, config.regionData));
    const registrations = context.find(Registrations);
    const directory = new Directory({
      ...{ clock, registrations, countries },
      reader: context.httpReader(config.endpoint),
    });
    context.provide(ServerDirectory, directory);

    const socket = new UdpSocket();
    const { interval, timeout, packetsPerSecond, inFlight } = config.poll;
    const client = new QueryClient(
      socket,
      { timeout, retries: 1, packetsPerSecond, inFlight, rememberedChallenges },
      clock,
    );
    context.defer(async () => {
      client.close();
      await socket.close();
    });
    const poller = new Poller(client, clock, { interval, inFlight }, directory);
    const allowed = new PollableAddresses(config.poll.allow);
    directory.tell({
      add: (address) => {
        if (allowed.includes(address)) poller.add(address);
      },
      remove: (address) => poller.remove(address),
    });
    context.every(pollTick, () => poller.tick());

    const history = new History(context.store.namespace('history'), clock, {
      retention: server.retention.history,
      fine: config.history.fine,
    });
    const turn = new HistoryTurn(context.store, context.bus.shared);
    await turn.look();
    context.every(turnInterval, () => turn.look());
    directory.onMeasured = ({ address, players, maxPlayers, ping }) => {
      if (turn.isMine) history.record(address, players, maxPlayers, ping);
    };
    directory.onRemoved = (address) =>
      void history
        .forget(address)
        .catch((error) => context.log.warn(`history was not written: ${messageOf(error)}`));
    context.every(1000, () => history.flush());
    context.defer(() => history.flush(true));
    context.onForget(async ({ kind, text }) => {
      const days = kind === 'address' ? await history.erase(text) : 0;
      return days === 0 ? undefined : `removed ${days} days of history`;
    });

    if (registrations !== undefined) {
      context.defer(registrations.onUpsert((one) => directory.register(one)));
      context.defer(registrations.onRemove((one) => directory.unregister(one)));
    }
    const favourites = new Favourites(config.favourites, directory, poller, resolveAddress);
    const refreshFavourites = async () => {
      const unknown = await favourites.refresh();
      if (unknown.length > 0) context.log.warn({ unknown }, 'favourites that cannot be found');
    };
    if (config.favourites.length > 0) {
      void refreshFavourites();
      context.every(resolveInterval, refreshFavourites);
    }

    const feed = new ListFeed(directory, clock);
    const readers = new EventReaders(feed, clock);
    context.every(eventInterval, () => feed.turn());
    context.every(pingInterval, () => readers.ping());
    context.every(1000, () => feed.keepReady());
    context.defer(() => {
      readers.closeAll();
      feed.close();
    });

    const folder = new URL('page/', import.meta.url);
    const { endpoint, attribution, joinLinks, embedOrigins } = config;
    context.http(listRoutes({ directory, feed, readers, history, poller, clock }), { endpoint });
    const settings = { attribution, joinLinks };
    context.http(pageRoutes({ directory, feed, folder, settings, embedOrigins }), { endpoint });
    try {
      context.http(adminPageRoutes(folder), { endpoint: 'admin' });
    } catch (error) {
      // Without an endpoint of that name there is nothing to manage through a page.
      if (!(error instanceof ServerError && error.code === 'NO_ENDPOINT')) throw error;
    }

    metrics.gauge('servers', 'Listed servers.', () => directory.size);
    metrics.gauge('polled', 'Servers that are asked in turn.', () => poller.size);
    metrics.total('polls_total', 'Questions to servers that began.', () => poller.asked);
    metrics.gauge('event_readers', 'Open event streams.', () => readers.size);
    metrics.total(
      'event_readers_dropped_total',
      'Readers who took nothing.',
      () => readers.dropped,
    );
  },
});

function checkOrigin(origin: string): void {
  if (URL.canParse(origin) && new URL(origin).origin === origin && origin !== 'null') return;
  throw new ServerError(
    'EMBED_ORIGIN',
    `browser.embedOrigins: ${JSON.stringify(origin)} is no origin; write https://example.org`,
  );
}
