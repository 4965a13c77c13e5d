import { eventToken, serviceToken } from 'beaconry';
import type { NamePolicy } from './name-policy.js';

export { EarlyBytes } from './early-bytes.js';
export { ADMIN_LOBBIES, adminLobbyRoutes, lobbyRoutes } from './lobby-routes.js';
export { foldName, NamePolicy } from './name-policy.js';
export { PipeEnd } from './pipe-relay.js';
export { cleanText } from './shown-text.js';
export { VcmiDirectory } from './vcmi-directory.js';

/** `proxy` for VCMI 1.1 to 1.4, `json` for 1.5 and later. */
export type VcmiLobbyKind = 'proxy' | 'json';

/** One room of a lobby, as the room list shows it. */
export interface VcmiRoom {
  readonly lobby: VcmiLobbyKind;
  /** Unique in its lobby; in the JSON lobby a uuid. */
  readonly name: string;
  /** What the host says of it; only in the JSON lobby, else empty. */
  readonly description: string;
  /** Its game has begun; such rooms are listed only in the JSON lobby. */
  readonly started: boolean;
  readonly host: string;
  /** Names of the players in order of joining, the host first. */
  readonly players: readonly string[];
  /** Seats. */
  readonly total: number;
  /** A password or an invitation is needed to join. */
  readonly protected: boolean;
  /** 0 a new game, 1 a saved one. */
  readonly gameMode: number;
  readonly mods: readonly { readonly name: string; readonly version: string }[];
}

/** One user who is logged in. */
export interface VcmiPlayer {
  readonly lobby: VcmiLobbyKind;
  readonly name: string;
  /** Version of the lobby protocol, 1 to 5; the JSON lobby has no such number, hence 0. */
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

/** What one lobby shows to everybody. */
export interface VcmiLobbySource {
  rooms(): VcmiRoom[];
  players(): VcmiPlayer[];
}

/** All VCMI lobbies of this server together: their lists, and the names that nobody may have twice. */
export interface VcmiLobbies extends VcmiLobbySource {
  readonly names: NamePolicy;
  /** Shows the rooms and players of one more lobby; the returned function ends that. */
  add(source: VcmiLobbySource): () => void;
}
export const VcmiLobbies = serviceToken<VcmiLobbies>('VcmiLobbies');

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
