import type { PlayerAccounts } from 'beaconry/plugins/fake-ip';
import type { SteamAdministration, SteamBackend } from 'beaconry/plugins/steam-backend';
import { SteamID } from 'beaconry/steam';
import type { PlayerRegistry } from './player-registry.js';

/**
 * Sessions and licences by identity. Where the backend runs here it knows those of all nodes; elsewhere it is the
 * players of this node, with the app of their logon.
 */
export class KnownAccounts implements PlayerAccounts {
  constructor(
    private readonly players: Pick<PlayerRegistry, 'all'>,
    private readonly backend: Pick<SteamBackend, 'kind'>,
    private readonly administration: Pick<SteamAdministration, 'isLoggedOn' | 'ownerOf'>,
  ) {}

  async isLoggedOn(identity: string): Promise<boolean> {
    const steamId = steamIdOf(identity);
    if (steamId === undefined) return false;
    if (this.backend.kind === 'local') return this.administration.isLoggedOn(steamId);
    return this.#here(steamId) !== undefined;
  }

  async holds(identity: string, appId: number): Promise<boolean> {
    const steamId = steamIdOf(identity);
    if (steamId === undefined) return false;
    if (this.backend.kind === 'remote') return this.#here(steamId)?.appId === appId;
    return (await this.administration.ownerOf(steamId, appId)) !== undefined;
  }

  #here(steamId: bigint) {
    for (const player of this.players.all()) if (player.steamId === steamId) return player;
    return undefined;
  }
}

const steamIdOf = (identity: string): bigint | undefined => {
  const text = /^steamid:(\d{1,20})$/.exec(identity)?.[1];
  const parsed = text === undefined ? undefined : SteamID.parse(text);
  return parsed?.isValid ? parsed.value : undefined;
};
