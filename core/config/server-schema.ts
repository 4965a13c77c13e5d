import { either, list, record, type Section } from './schema.js';

/** Names of endpoints and plugins. */
export const KEY_PATTERN = /^[a-z][a-z0-9-]*$/;

const level = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** The keys of core; reference, JSON Schema and example come from here as well. */
export const serverSchema = {
  endpoints: {
    doc: 'Addresses to listen on, by name; plugins refer to the names. Each has exactly one of udp, tcp and http: host:port or a list of them. The host is an IP literal or localhost; "[::]:27015" (in quotes) listens on IPv4 and IPv6. Port 0 takes any free port. "udp: shared" has no socket: the game hands datagrams in and takes them out.',
    format: record({
      udp: {
        doc: 'Addresses for datagrams, or shared.',
        format: either('shared', 'binds'),
        default: null,
        nullable: true,
      },
      tcp: {
        doc: 'Addresses for TCP connections.',
        format: 'binds',
        default: null,
        nullable: true,
      },
      http: {
        doc: 'Addresses for HTTP and WebSocket.',
        format: 'binds',
        default: null,
        nullable: true,
      },
      tls: {
        cert: {
          doc: 'PEM file with the certificate chain, for tcp and http; relative to this file.',
          format: String,
          default: null,
          nullable: true,
        },
        key: {
          doc: 'PEM file with the private key of the certificate; relative to this file.',
          format: String,
          default: null,
          nullable: true,
        },
      },
    }),
    default: {},
  },
  publicAddress: {
    ipv4: {
      doc: 'IPv4 address to list when a heartbeat comes from a loopback or private address.',
      format: 'ipv4',
      default: null,
      nullable: true,
    },
    ipv6: {
      doc: 'IPv6 address to list when a heartbeat comes from a loopback or private address.',
      format: 'ipv6',
      default: null,
      nullable: true,
    },
  },
  trustedProxies: {
    doc: 'Address ranges whose X-Forwarded-For and PROXY v2 headers count.',
    format: list({ doc: 'An address range.', format: 'cidr', default: null }),
    default: [],
  },
  node: {
    doc: 'Name of this node; null is the host name.',
    format: String,
    default: null,
    nullable: true,
  },
  nodeAddress: {
    doc: 'IP address or host name under which the other nodes reach this one; null takes one of a private network. Used with store.driver redis only.',
    format: String,
    default: null,
    nullable: true,
  },
  data: {
    doc: 'Folder of everything the server writes; relative to this file.',
    format: String,
    default: './data',
  },
  store: {
    driver: {
      doc: 'Where state is kept: memory is gone after a restart, sqlite is one file, redis is shared by all nodes.',
      format: ['memory', 'sqlite', 'redis'],
      default: 'sqlite',
    },
    path: {
      doc: 'File of the sqlite driver; relative to the data folder.',
      format: String,
      default: 'beaconry.db',
    },
    url: {
      doc: 'Address of the redis driver, such as redis://127.0.0.1:6379/0; rediss:// for TLS, redis+sentinel://host:26379,host:26379/name and redis+cluster://host:6379,host:6379.',
      format: String,
      default: null,
      nullable: true,
      sensitive: true,
    },
    prefix: {
      doc: 'Begins every key and channel of the redis driver; nodes of one community share it.',
      format: String,
      default: 'beaconry',
    },
    replicas: {
      doc: 'Replicas of redis that must hold a write before it counts as done; 1 or more keeps tickets used once when a replica takes over.',
      format: 'nat',
      default: 0,
    },
    ca: {
      doc: 'PEM file of the authority of the redis certificate, when it is none that Node.js knows; relative to this file.',
      format: String,
      default: null,
      nullable: true,
    },
    durability: {
      doc: 'normal survives the death of the process, full a power cut too, at the price of slower writes.',
      format: ['normal', 'full'],
      default: 'normal',
    },
  },
  management: {
    token: {
      doc: 'Token for the admin endpoint; without one it is made at the first start and kept in management.token in the data folder.',
      format: String,
      default: null,
      nullable: true,
      sensitive: true,
    },
    tokenFile: {
      doc: 'File that holds the token for the admin endpoint; relative to this file.',
      format: String,
      default: null,
      nullable: true,
    },
  },
  log: {
    level: { doc: 'Least important messages that are logged.', format: level, default: 'info' },
    file: {
      doc: 'Log file, relative to the data folder; null logs to stderr.',
      format: String,
      default: null,
      nullable: true,
    },
    plugins: {
      doc: 'Levels of single plugins, by name.',
      format: record({ doc: 'Level of that plugin.', format: level, default: 'info' }),
      default: {},
    },
  },
  net: {
    driver: {
      doc: 'How datagrams are received and sent: native is fastest and only on Linux, dgram works everywhere, auto takes the best that loads.',
      format: ['auto', 'native', 'dgram'],
      default: 'auto',
    },
    offload: {
      doc: 'Let the kernel join and cut trains of equal datagrams to one peer (GRO, GSO); native driver only.',
      format: Boolean,
      default: true,
    },
  },
  http: {
    hosts: {
      doc: 'Host names under which HTTP endpoints may be asked; IP literals and localhost always may.',
      format: list({ doc: 'A host name.', format: String, default: null }),
      default: [],
    },
    origins: {
      doc: 'Origins of web pages that may call, such as https://example.org.',
      format: list({ doc: 'An origin.', format: String, default: null }),
      default: [],
    },
  },
  retention: {
    history: { doc: 'How long measured history is kept.', format: 'duration', default: '90d' },
    chat: { doc: 'How long chat is kept.', format: 'duration', default: '30d' },
    audit: { doc: 'How long audit entries are kept.', format: 'duration', default: '365d' },
  },
} as const satisfies Section;

/** The keys of a plugin's section that belong to the host. */
export const pluginHostSchema = {
  use: {
    doc: 'What to load when the name of the section is not a bundled plugin: a bundled name, an npm package, or a ./path relative to this file.',
    format: String,
    default: null,
    nullable: true,
  },
  onFailure: {
    doc: 'What a failed setup does to the server: stop it, or continue without the plugin.',
    format: ['stop', 'continue'],
    default: 'stop',
  },
} as const satisfies Section;
