import { eventToken, serviceToken } from 'beaconry';

export { foldName, isWellFormedName, NamePolicy, type NameRefusal } from './name-policy.js';

/** One open room of the lobby, as the room list shows it. */
export interface VcmiRoom {
  readonly name: string;
  readonly host: string;
  /** Names of the players in order of joining, the host first. */
  readonly players: readonly string[];
  /** Seats. */
  readonly total: number;
  readonly protected: boolean;
  /** 0 a new game, 1 a saved one. */
  readonly gameMode: number;
  readonly mods: readonly { readonly name: string; readonly version: string }[];
}

/** One user who is logged in. */
export interface VcmiPlayer {
  readonly name: string;
  /** Lobby protocol, 1 to 5. */
  readonly protocol: number;
  /** What the client calls itself, such as `VCMI 1.4.5`; may be empty. */
  readonly client: string;
  /** Name of the room the player is in. */
  readonly room: string | null;
  readonly ready: boolean;
}

/** The state of the VCMI lobby, for other plugins. */
export interface VcmiLobby {
  rooms(): VcmiRoom[];
  players(): VcmiPlayer[];
  /** Game connections that are open now. */
  readonly openPipes: number;
}
export const VcmiLobby = serviceToken<VcmiLobby>('VcmiLobby');

/** Somebody logged in. */
export const VcmiPlayerJoined = eventToken<{ readonly name: string; readonly protocol: number }>(
  'VcmiPlayerJoined',
);
/** Somebody left the lobby: disconnected, or off to a game. */
export const VcmiPlayerLeft = eventToken<{ readonly name: string }>('VcmiPlayerLeft');
/** A room can be joined now. */
export const VcmiRoomOpened = eventToken<VcmiRoom>('VcmiRoomOpened');
/** A room that was open has gone; `started` when its game has begun. */
export const VcmiRoomClosed = eventToken<{ readonly name: string; readonly started: boolean }>(
  'VcmiRoomClosed',
);
/** A game has begun; its players leave the lobby. */
export const VcmiGameStarted = eventToken<{
  readonly room: string;
  readonly players: readonly string[];
}>('VcmiGameStarted');
/** A line of chat that went to the whole lobby; talk in rooms and to one person is nobody else's. */
export const VcmiChatSaid = eventToken<{ readonly name: string; readonly text: string }>(
  'VcmiChatSaid',
);
