import {
  ChallengeIssuer,
  type Datagram,
  definePlugin,
  either,
  list,
  ListBudget,
  record,
  ServerStarted,
} from 'beaconry';
import { AddressRanges, isLoopback } from './address-ranges.js';
import {
  decodeGameServerMessage,
  encodeMasterMessage,
  longestGameServerMessage,
} from './heartbeat-codec.js';
import { decodeListRequest } from './list-request-codec.js';
import { ListedRegistrations } from './listed-registrations.js';
import { MasterEngine } from './master-engine.js';
import { MemoryRegistrationTable } from './memory-registration-table.js';
import { Registrations } from './public.js';
import { CountedRefusals } from './refusals.js';
import { ServerList } from './server-list.js';

/** Milliseconds of one window in which a challenge is valid; the next one accepts it too. */
const challengeWindow = 60_000;
/** Servers of one /24 or /48, unless `maxPerAddress` switches both limits off. */
const maxPerPrefix = 512;
/** Longest list request that is read, in bytes: address and filter. */
const longestListRequest = 1400;

export default definePlugin({
  name: 'master',
  api: 1,
  doc: 'Master server: game servers register by heartbeat, clients ask for lists.',
  provides: [Registrations],
  config: {
    endpoint: {
      doc: 'UDP endpoints on which heartbeats and list requests are answered.',
      format: 'udp-endpoints',
      default: ['master'],
    },
    ttl: {
      doc: 'How long a server stays listed after its last heartbeat.',
      format: 'duration',
      default: 300_000,
    },
    maxPerAddress: {
      doc: 'Servers that one address may register; a /24 or /48 may register 512. 0 switches both limits off.',
      format: 'nat',
      default: 64,
    },
    rateLimit: {
      doc: 'List pages, and likewise joins, per second for one /24 or /48; off also switches the list budget off.',
      format: either('off', 'nat'),
      default: 30,
    },
    listBudget: {
      doc: 'Bits per second for all list pages together, since clients asking for lists prove nothing; 0 for no limit.',
      format: 'nat',
      default: 20_000_000,
    },
    minVersion: {
      doc: 'Least version by product or gamedir; older servers are told to update and not listed.',
      format: record({ doc: 'Least version.', format: String, default: null }),
      default: {},
    },
    addressMap: {
      doc: 'Listed address for servers whose heartbeat comes from a range, such as { 127.0.0.0/8: 192.0.2.7 }.',
      format: record({ doc: 'Listed address.', format: String, default: null }),
      default: {},
    },
    verify: {
      doc: 'a2s: list a server only after it answered a query. Off on loopback.',
      format: ['off', 'a2s'],
      default: 'a2s',
    },
    allowLoopback: {
      doc: 'Accept servers from 127.0.0.0/8 and ::1 although the endpoint is not bound to loopback.',
      format: Boolean,
      default: false,
    },
    allow: {
      doc: 'Ranges that may register; empty for everybody.',
      format: list({ doc: 'Range.', format: 'cidr', default: null }),
      default: [],
    },
    deny: {
      doc: 'Ranges that may not register.',
      format: list({ doc: 'Range.', format: 'cidr', default: null }),
      default: [],
    },
    white: {
      doc: 'Ranges whose servers pass the filter \\white\\1.',
      format: list({ doc: 'Range.', format: 'cidr', default: null }),
      default: [],
    },
    xash: {
      answers: {
        doc: 'Answer clients of Xash3D in their own way: all packets at once, their meaning of flags.',
        format: Boolean,
        default: true,
      },
      nat: {
        doc: 'Tell Xash3D servers behind NAT about clients that ask for them.',
        format: Boolean,
        default: false,
      },
    },
  },

  setup(context, config) {
    const { clock, metrics } = context;
    const udp = context.udp(config.endpoint);
    const limited = config.rateLimit !== 'off';
    const refusals = new CountedRefusals(metrics);
    const rules = {
      deny: new AddressRanges(config.deny),
      allow: new AddressRanges(config.allow),
      white: new AddressRanges(config.white),
      allowLoopback: config.allowLoopback,
      minVersion: config.minVersion,
      joinsPerSecond: config.rateLimit === 'off' ? undefined : config.rateLimit,
    };
    const table = new MemoryRegistrationTable(clock, {
      ttl: config.ttl,
      perAddress: config.maxPerAddress,
      perPrefix: config.maxPerAddress === 0 ? 0 : maxPerPrefix,
    });
    const challenges = new ChallengeIssuer(clock, challengeWindow);
    const engine = new MasterEngine(clock, challenges, table, rules, refusals);
    const servers = new ServerList(table, clock, {
      xash: config.xash.answers,
      nat: config.xash.nat,
    });
    const pages = new ListBudget(clock, {
      bitsPerSecond: limited ? config.listBudget : 0,
      ...(config.rateLimit !== 'off' && { pagesPerSecond: config.rateLimit }),
    });
  },
});
