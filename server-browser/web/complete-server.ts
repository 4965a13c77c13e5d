import type { AddedServer, ListedServer } from './listed-server.js';

const usual = {
  game: '',
  modDir: '',
  appId: 0,
  version: '',
  product: '',
  tags: [],
  gameData: '',
  region: 255,
  bots: 0,
  password: false,
  secure: false,
  dedicated: true,
  os: '',
  verified: false,
  flags: [],
} as const;

/** An entry with everything that its protocol does not know at its usual value. */
export function completeServer(source: string, entry: AddedServer): ListedServer {
  const port = Number(entry.address.slice(entry.address.lastIndexOf(':') + 1));
  return { ...usual, gamePort: port, queryPort: port, ...entry, source };
}
