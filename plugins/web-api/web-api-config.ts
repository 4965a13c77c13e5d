import { type ConfigOf, list } from 'beaconry';

export const webApiConfig = {
  endpoint: {
    doc: 'HTTP endpoint on which games, players and web services call.',
    format: 'http-endpoints',
    default: 'http',
  },
  publisherKeys: {
    doc: 'Keys with which web services may call the writing part of the Steam Web API look-alikes, 16 characters or more; further ones are made at /v1/admin/keys.',
    format: list({ doc: 'Key.', format: String, default: null, sensitive: true }),
    default: [],
    sensitive: true,
  },
  maxServers: {
    doc: 'Game servers that this process runs for callers at the same time.',
    format: 'nat',
    default: 1024,
  },
  maxServersPerAddress: {
    doc: 'Game servers of one address.',
    format: 'nat',
    default: 16,
  },
  maxPlayers: {
    doc: 'Players that are logged on through this process at the same time.',
    format: 'nat',
    default: 10_000,
  },
  maxPlayersPerAddress: {
    doc: 'Players that are logged on from one address.',
    format: 'nat',
    default: 64,
  },
  callsPerSecond: {
    doc: 'Calls of one address each second, over HTTP and WebSocket; twice as many at once.',
    format: 'nat',
    default: 500,
  },
  serverTimeout: {
    doc: 'A game server that neither calls nor holds a socket for so long is shut down; 60s or more.',
    format: 'duration',
    default: '120s',
  },
  playerTimeout: {
    doc: 'A player who neither calls nor holds a socket for so long is logged off.',
    format: 'duration',
    default: '12h',
  },
  pump: {
    doc: 'How long a signal waits at most until it is delivered.',
    format: 'duration',
    default: '20ms',
  },
} as const;

export type WebApiConfig = ConfigOf<typeof webApiConfig>;
