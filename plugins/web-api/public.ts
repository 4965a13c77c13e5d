import { serviceToken } from 'beaconry';
import type { HostedGameServer } from './game-servers/hosted-game-server.js';

export type { HostedGameServer } from './game-servers/hosted-game-server.js';

/** The game servers that this process runs for games in other processes. */
export interface HostedGameServers {
  readonly size: number;
  all(): Iterable<HostedGameServer>;
  /** Undefined for a handle that is nobody's. */
  find(handle: string): HostedGameServer | undefined;
}
export const HostedGameServers = serviceToken<HostedGameServers>('HostedGameServers');
