import { initialSnapshot } from './game-server-config.js';
import { LiveState } from './live-state.js';
import type { GameServerState, SharedSocket, SteamGameServers } from './public.js';
import { SteamGameServer, type SteamGameServerParts } from './steam-game-server.js';

type Shared = Omit<SteamGameServerParts, 'state' | 'rules' | 'sharedSocket' | 'address'>;

/** Game servers beside the one of this process: each has a state and rules of its own. */
export class GameServerFactory implements SteamGameServers {
  constructor(
    private readonly shared: Shared,
    private readonly defaultAddress: () => string,
  ) {}

  create(options: { readonly address?: string; readonly sharedSocket?: SharedSocket } = {}): {
    server: SteamGameServer;
    state: GameServerState;
    rules: ReadonlyMap<string, string>;
  } {
    const state = new LiveState(initialSnapshot, { snapshot: {}, players: undefined });
    const rules = new Map<string, string>();
    const { address } = options;
    const server = new SteamGameServer({
      ...this.shared,
      ...{ state, rules, sharedSocket: options.sharedSocket },
      address: address === undefined ? this.defaultAddress : () => address,
    });
    return { server, state, rules };
  }
}
