import { type ConfigOf, list } from 'beaconry';
import { checkInConfig } from './coordinator-check-in.js';

/** Section `datagram-relay` of the configuration. */
export const relayConfig = {
  endpoint: {
    doc: 'UDP endpoints of the relay.',
    format: 'udp-endpoints',
    default: ['datagrams'],
  },
  httpEndpoint: {
    doc: 'HTTP endpoints on which /v1/pops is served.',
    format: 'http-endpoints',
    default: 'http',
  },
  pop: { doc: 'POP code of this relay, 3 or 4 letters.', format: String, default: 'dev' },
  publicAddress: {
    doc: 'Address a.b.c.d:port at which other relays reach this one; null: its own bound address.',
    format: String,
    default: null,
    nullable: true,
  },
  appId: {
    doc: 'App whose network config is used; 0 is any.',
    format: 'nat',
    default: 0,
  },
  routeKey: {
    doc: 'File with the X25519 key (PKCS #8 PEM) to which routes are sealed; null: that of the coordinator of this process.',
    format: String,
    default: null,
    nullable: true,
  },
  networkConfig: {
    doc: 'File with a network config; null: that of the coordinator of this process, or of `coordinator`.',
    format: String,
    default: null,
    nullable: true,
  },
  coordinator: {
    doc: 'URL of a coordinator elsewhere; null: none.',
    format: String,
    default: null,
    nullable: true,
  },
  checkIn: checkInConfig,
  rootKeys: {
    doc: 'Public lines (ssh-ed25519 …) of the roots of the network; not needed beside a coordinator of this process.',
    format: list({ doc: 'Public line.', format: String, default: '' }),
    default: [],
  },
  maxLegs: {
    doc: 'Sides of sessions, a power of two; a session has two.',
    format: 'nat',
    default: 32_768,
  },
  maxRegistrations: { doc: 'Game servers that may be registered.', format: 'nat', default: 4096 },
  packetsPerSecond: {
    doc: 'Packets per second of one session and direction.',
    format: 'nat',
    default: 1000,
  },
  bytesPerSecond: {
    doc: 'Bytes per second of one session and direction.',
    format: 'nat',
    default: 1_000_000,
  },
  opensPerMinute: {
    doc: 'Sessions that one address may open in a minute.',
    format: 'nat',
    default: 20,
  },
  handshakesPerSecond: {
    doc: 'Signatures that are judged in a second.',
    format: 'nat',
    default: 400,
  },
  idle: {
    doc: 'A session without packets ends after this time.',
    format: 'duration',
    default: '60s',
  },
  drainTime: {
    doc: 'At the end clients get this long to move to other relays.',
    format: 'duration',
    default: '3s',
  },
  dev: {
    doc: 'Allows POP dev: servers without certificate and tickets to them. For developers only.',
    format: Boolean,
    default: false,
  },
} as const;

export type RelayConfig = ConfigOf<typeof relayConfig>;
