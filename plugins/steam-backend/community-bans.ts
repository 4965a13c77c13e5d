import type { Ban, Bans } from 'beaconry/plugins/bans';
import type { BanKind, BanLookup, SteamBan } from './public.js';
import type { StoredBans } from './stored-bans.js';

const SCOPE = 'steam-backend';

/**
 * The backend's own bans together with those of the service `Bans`: a SteamID banned there, for everything,
 * for this plugin or for an app id, counts as banned by the publisher.
 */
export class CommunityBans implements BanLookup {
  readonly #listeners = new Set<(ban: SteamBan) => void>();

  constructor(
    private readonly stored: StoredBans,
    private readonly bans: Bans,
  ) {}

  async find(steamId: bigint, appId: number, kind: BanKind): Promise<SteamBan | undefined> {
    const all = await this.list(steamId);
    return all.find((ban) => ban.kind === kind && (ban.appId === 0 || ban.appId === appId));
  }

  async list(steamId: bigint): Promise<readonly SteamBan[]> {
    const own = await this.stored.list(steamId);
    const others = this.bans.list({ subject: steamId.toString() });
    return others.length === 0 ? own : [...own, ...others.flatMap(toSteamBans)];
  }

  add(ban: Omit<SteamBan, 'from'>): Promise<SteamBan> {
    return this.stored.add(ban);
  }

  remove(steamId: bigint, appId: number, kind: BanKind): Promise<boolean> {
    return this.stored.remove(steamId, appId, kind);
  }

  async findAddress(
    address: string,
  ): Promise<{ readonly cidr: string; readonly until: number | null } | undefined> {
    const own = await this.stored.findAddress(address);
    if (own !== undefined) return own;
    const cidr = `${address}/${address.includes(':') ? 128 : 32}`;
    const ban = this.bans.find({ kind: 'address', cidr }, SCOPE);
    return ban === undefined ? undefined : { cidr: ban.subject, until: ban.until };
  }

  onBan(listener: (ban: SteamBan) => void): () => void {
    this.#listeners.add(listener);
    const endStored = this.stored.onBan(listener);
    return () => {
      this.#listeners.delete(listener);
      endStored();
    };
  }

  /** What the service added, here or on another node. */
  heard(bans: readonly Ban[]): void {
    for (const ban of bans.flatMap(toSteamBans)) {
      for (const listener of this.#listeners) listener(ban);
    }
  }
}

/** None when the ban is about something else. */
function toSteamBans(ban: Ban): SteamBan[] {
  const { subject, scope, from, until, by, reason } = ban;
  const forApp = /^\d{1,10}$/.test(scope);
  if (!/^\d{15,20}$/.test(subject) || !(forApp || scope === 'all' || scope === SCOPE)) return [];
  const appId = forApp ? Number(scope) : 0;
  const steamId = BigInt(subject);
  return [{ steamId, appId, kind: 'game', from, until, by, reason, becauseOf: null }];
}
