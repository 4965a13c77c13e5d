import type { PeerAddress } from 'beaconry';
import type { Registration, ServerDescription } from 'beaconry/plugins/master';
import type { ListedServer } from './listed-server.js';

/** A listed server as the filter of the master sees servers. */
export const descriptionOf = (
  server: ListedServer,
  address: PeerAddress,
): ServerDescription & Pick<Registration, 'address' | 'whitelisted'> => ({
  address,
  whitelisted: false,
  protocol: 0,
  players: server.players,
  maxPlayers: server.maxPlayers,
  bots: server.bots,
  name: server.name,
  map: server.map,
  modDir: server.modDir,
  product: server.product,
  version: server.version,
  appId: server.appId,
  serverType: server.dedicated ? 'd' : 'l',
  os: (['l', 'w', 'm', 'o'] as const).find((letter) => letter === server.os) ?? '',
  password: server.password,
  secure: server.secure,
  lan: false,
  nat: false,
  region: server.region,
  tags: server.tags.join(','),
  gameData: server.gameData,
  gamePort: server.gamePort,
  spectatorPort: null,
});
