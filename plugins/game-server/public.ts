import { serviceToken } from 'beaconry';
import type { GameSocketShare } from 'beaconry/plugins/game-socket-share';
import type { SteamGameServer as SteamGameServerInterface } from './steam-game-server.js';

export type { HandledPacket, OutgoingPacket } from './shared-port.js';
export type { QueuedSignal } from './signal-queue.js';
export type { SteamSignals } from './steam-signals.js';

/** One connected player, as A2S_PLAYER shows him. */
export interface GamePlayer {
  readonly name: string;
  readonly score: number;
  /** Milliseconds since the Unix epoch at which he joined. */
  readonly joinedAt: number;
}

/** All that queries and heartbeats say of the game server this process runs. */
export interface GameServerSnapshot {
  readonly appId: number;
  /** Full 64-bit game id of INFO; null leaves the field out. */
  readonly gameId: bigint | null;
  readonly product: string;
  readonly version: string;
  /** Network protocol of INFO, 17 for Source. */
  readonly protocol: number;
  readonly name: string;
  readonly map: string;
  readonly modDir: string;
  readonly description: string;
  /** d: dedicated, l: listen, p: spectator proxy. */
  readonly serverType: 'd' | 'l' | 'p';
  readonly os: 'l' | 'w' | 'm' | 'o';
  readonly maxPlayers: number;
  readonly bots: number;
  readonly password: boolean;
  readonly secure: boolean;
  readonly gamePort: number | null;
  readonly steamId: bigint | null;
  readonly spectatorPort: number | null;
  readonly spectatorName: string;
  /** Keywords of INFO and gametype of the list, comma separated; null leaves the field out. */
  readonly tags: string | null;
  /** Hidden tags: never in A2S, matched by the master's `gamedata` filters. */
  readonly gameData: string;
  /** Region byte of the master protocol: 0 to 7, or 255. */
  readonly region: number;
  /** False keeps the server out of lists: no heartbeats are sent. */
  readonly advertise: boolean;
}

/** The live state; replies and heartbeats follow it. */
export interface GameServerState {
  readonly snapshot: GameServerSnapshot;
  readonly players: readonly GamePlayer[];
  /** Rises with each change of snapshot or players. */
  readonly version: number;
  /** The returned function ends it. */
  onChange(listener: () => void): () => void;
  update(change: Partial<GameServerSnapshot>): void;
  setPlayers(players: readonly GamePlayer[]): void;
}
export const GameServerState = serviceToken<GameServerState>('GameServerState');

/** What the interface needs of the endpoint without a socket. */
export type SharedSocket = Pick<GameSocketShare, 'handle' | 'next' | 'clear'>;

/** Steam's game server interface (37 functions, 10 signals) for the game server of this process. */
export type SteamGameServer = SteamGameServerInterface;
export const SteamGameServer = serviceToken<SteamGameServer>('SteamGameServer');

/** Makes further game servers in this process, each with a state of its own. */
export interface SteamGameServers {
  create(options?: {
    /** IP the logon is said to come from, when the backend is in this process. */
    readonly address?: string;
    readonly sharedSocket?: SharedSocket;
  }): {
    readonly server: SteamGameServer;
    readonly state: GameServerState;
    readonly rules: ReadonlyMap<string, string>;
  };
}
export const SteamGameServers = serviceToken<SteamGameServers>('SteamGameServers');
