import type { Context } from 'beaconry';
import {
  VcmiChatSaid,
  VcmiGameStarted,
  VcmiPlayerJoined,
  VcmiPlayerLeft,
  VcmiRoomClosed,
  VcmiRoomOpened,
} from 'beaconry/plugins/vcmi-lobby';
import type { JsonLobbyListener } from './json-lobby.js';
import { listedRoom } from './listed.js';

/** Turns what happens in the lobby into events and log lines. */
export function lobbyAnnouncer(context: Pick<Context, 'log' | 'emit'>): JsonLobbyListener {
  const { log } = context;
  return {
    playerJoined({ displayName: name, version }) {
      log.info({ name, version }, 'account logged in');
      context.emit(VcmiPlayerJoined, { name, protocol: 0 });
    },
    playerLeft({ displayName: name }) {
      log.info({ name }, 'account left');
      context.emit(VcmiPlayerLeft, { name });
    },
    roomOpened(room) {
      log.info({ room: room.id, host: room.host.displayName }, 'room opened');
      context.emit(VcmiRoomOpened, listedRoom(room));
    },
    roomClosed({ id }, started) {
      log.info({ room: id, started }, 'room closed');
      context.emit(VcmiRoomClosed, { name: id, started });
    },
    gameStarted({ id, participants }) {
      log.info({ room: id, players: participants.size }, 'game started');
      context.emit(VcmiGameStarted, { room: id, players: [...participants.values()] });
    },
    said({ displayName: name }, text) {
      context.emit(VcmiChatSaid, { name, text });
    },
  };
}
