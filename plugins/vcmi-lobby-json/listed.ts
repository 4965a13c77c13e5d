import type { VcmiPlayer, VcmiRoom } from 'beaconry/plugins/vcmi-lobby';
import type { GameRoom } from './game-room.js';
import type { JsonLobby } from './json-lobby.js';
import type { OnlineAccount } from './online-account.js';

/** A room as the lists of all lobbies show it. */
export const listedRoom = (room: GameRoom): VcmiRoom => ({
  lobby: 'json',
  name: room.id,
  description: room.description,
  started: room.status === 'busy',
  host: room.host.displayName,
  players: [...room.participants.values()],
  total: room.playerLimit,
  protected: room.status === 'private',
  gameMode: 0,
  mods: room.mods.map(({ modId, name, version }) => ({
    name: name === '' ? modId : name,
    version,
  })),
});

/** An account as the lists of all lobbies show it. */
export const listedPlayer = (account: OnlineAccount, lobby: JsonLobby): VcmiPlayer => ({
  lobby: 'json',
  name: account.displayName,
  protocol: 0,
  client: account.version,
  room: lobby.roomOf(account.accountID)?.id ?? null,
  ready: false,
});
