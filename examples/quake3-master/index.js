import {
  ChallengeIssuer,
  definePlugin,
  isLoopback,
  ListBudget,
  PeerAddress,
  PrefixLimit,
  reachOf,
  ServerStarted,
} from 'beaconry';
import { ServerDirectory } from 'beaconry/plugins/browser';
import {
  challengeOf,
  decodeHeartbeat,
  decodeInfo,
  decodeListRequest,
  encodeInfoRequest,
  extendedListPrefix,
  heartbeatPrefix,
  infoPrefix,
  listPrefix,
} from './quake3-codec.js';
import { ServerList } from './server-list.js';
import { describe, ServerTable } from './server-table.js';

/** Games that are alive; their servers are asked who they are. */
const tags = new Set(['DarkPlaces', 'QuakeArena-1', 'Wolfenstein-1', 'EnemyTerritory-1']);
/** Milliseconds of one window in which an answer to a question counts; the next one counts too. */
const answerWindow = 2000;

export default definePlugin({
  name: 'quake3-master',
  api: 1,
  doc: 'Master server of the Quake 3 family: Quake 3, OpenArena, Xonotic, Wolfenstein.',
  optional: [ServerDirectory],
  config: {
    endpoint: {
      doc: 'UDP endpoints for heartbeats and lists; one that the plugin master uses will do.',
      format: 'udp-endpoints',
      default: 'master',
    },
    ttl: {
      doc: 'How long a server stays listed after it last answered.',
      format: 'duration',
      default: '15m',
    },
    maxPerAddress: {
      doc: 'Servers that one address may have; 0 for any number.',
      format: 'nat',
      default: 32,
    },
    maxServers: { doc: 'Servers in the list.', format: 'nat', default: 20_000 },
    listBudget: {
      doc: 'Bits per second for all lists together, since clients prove nothing; 0 for no limit.',
      format: 'nat',
      default: 20_000_000,
    },
    allowLoopback: {
      doc: 'Accept servers of this machine although the endpoint is not bound to loopback.',
      format: Boolean,
      default: false,
    },
  },

  setup(context, config) {
    const { clock, log, metrics } = context;
    const directory = context.find(ServerDirectory);
    const udp = context.udp(config.endpoint);
    const challenges = new ChallengeIssuer(clock, answerWindow);
    const table = new ServerTable(clock, {
      ttl: config.ttl,
      perAddress: config.maxPerAddress,
      total: config.maxServers,
    });
    const lists = new ServerList(table, clock);
    const budget = new ListBudget(clock, { bitsPerSecond: config.listBudget });
    const answers = new PrefixLimit(clock, { perSecond: 30, burst: 512 });
    let allowsLoopback = config.allowLoopback;
    /** @type {Map<string, () => void>} */
    const listed = new Map();

    // Nothing is kept for whoever says this: the question is shorter, and its number is computed from the address.
    udp.onDatagram(heartbeatPrefix, (datagram) => {
      if (!tags.has(decodeHeartbeat(datagram.bytes).tag)) return;
      datagram.reply(encodeInfoRequest(challenges.issue(datagram.from)));
    });

    udp.onDatagram(infoPrefix, {
      proves: ({ from, bytes }) => challenges.accepts(from, challengeOf(decodeInfo(bytes))),
      allow: (from) => answers.take(from),
      handler({ from, bytes, proven }) {
        if (!proven) return;
        const address = listedAddress(from, context.server.publicAddress);
        if (isLoopback(address) && !allowsLoopback) {
          log.warn(
            { from: from.toString() },
            'a server on loopback is not listed: set allowLoopback',
          );
          return;
        }
        const server = describe(decodeInfo(bytes), address);
        if (server === undefined || !table.put(server)) return;
        const unlist = directory?.add(context.name, {
          ...server,
          address: address.toString(),
          product: server.game,
          tags: server.gameType === '' ? [] : [`gametype=${server.gameType}`],
          verified: true,
          lastSeen: new Date(clock.now()).toISOString(),
        });
        if (unlist !== undefined) listed.set(address.toString(), unlist);
      },
    });

    for (const prefix of [listPrefix, extendedListPrefix]) {
      udp.onDatagram(prefix, (datagram) => {
        const request = decodeListRequest(datagram.bytes);
        for (const packet of lists.answer(request, datagram.from)) {
          if (!datagram.replyFrom(budget, packet)) return;
        }
      });
    }

    context.every(1000, () => {
      for (const { address } of table.expire()) {
        const key = address.toString();
        listed.get(key)?.();
        listed.delete(key);
      }
    });
    context.defer(() => {
      for (const unlist of listed.values()) unlist();
    });
    context.on(ServerStarted, () => {
      allowsLoopback ||= udp.addresses.length > 0 && udp.addresses.every(isLoopback);
    });
    metrics.gauge('servers', 'Servers in the list.', () => table.size);
  },
});

/**
 * A server inside the operator's network is listed at the public address, if there is one.
 * @param {PeerAddress} from
 * @param {{ ipv4: string | null, ipv6: string | null }} publicAddress
 */
function listedAddress(from, publicAddress) {
  const host = from.isIPv4 ? publicAddress.ipv4 : publicAddress.ipv6;
  if (host === null || reachOf(from) === 'public') return from.copy();
  return PeerAddress.of(host, from.port);
}
