import type { ListedServer } from 'beaconry/plugins/browser';

/** A listed server with the fields that a test cares about. */
export const listed = (
  address: string,
  more: Partial<ListedServer> = {},
): Omit<ListedServer, 'source'> => ({
  address,
  gamePort: Number(address.split(':').at(-1)),
  queryPort: Number(address.split(':').at(-1)),
  name: 'Server',
  map: 'q3dm17',
  game: 'Quake III Arena',
  modDir: 'baseq3',
  appId: 0,
  version: '1.32',
  product: 'Quake3Arena',
  tags: [],
  gameData: '',
  region: 255,
  players: 3,
  maxPlayers: 8,
  bots: 0,
  password: false,
  secure: false,
  dedicated: true,
  os: '',
  verified: true,
  lastSeen: new Date(0).toISOString(),
  flags: [],
  ...more,
});
