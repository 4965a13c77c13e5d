import type { Clock } from 'beaconry';
import ipaddr from 'ipaddr.js';
import type { BackendTables, BanRecord } from './backend-tables.js';
import type { BanKind, BanLookup, SteamBan } from './public.js';

/** Bans in the backend's own tables; what is over is not found any more and swept away. */
export class StoredBans implements BanLookup {
  readonly #listeners = new Set<(ban: SteamBan) => void>();

  constructor(
    private readonly tables: BackendTables,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async find(steamId: bigint, appId: number, kind: BanKind): Promise<SteamBan | undefined> {
    for (const ban of await this.list(steamId)) {
      if (ban.kind === kind && (ban.appId === 0 || ban.appId === appId)) return ban;
    }
    return undefined;
  }

  async list(steamId: bigint): Promise<readonly SteamBan[]> {
    const found = await this.tables.bans.all(`${steamId}/`);
    return found.map(([key, record]) => toBan(key, record)).filter((ban) => this.#isCurrent(ban));
  }

  async add(ban: Omit<SteamBan, 'from'>): Promise<SteamBan> {
    const from = this.clock.now();
    await this.tables.bans.set(`${ban.steamId}/${ban.appId}/${ban.kind}`, {
      from,
      until: ban.until,
      by: ban.by,
      reason: ban.reason.slice(0, 255),
      becauseOf: ban.becauseOf === null ? null : ban.becauseOf.toString(),
    });
    const added = { ...ban, from };
    for (const listener of this.#listeners) listener(added);
    return added;
  }

  remove(steamId: bigint, appId: number, kind: BanKind): Promise<boolean> {
    return this.tables.bans.delete(`${steamId}/${appId}/${kind}`);
  }

  onBan(listener: (ban: SteamBan) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async banAddress(cidr: string, until: number | null): Promise<void> {
    await this.tables.addressBans.set(canonicalCidr(cidr), { from: this.clock.now(), until });
  }

  unbanAddress(cidr: string): Promise<boolean> {
    return this.tables.addressBans.delete(canonicalCidr(cidr));
  }

  async findAddress(
    address: string,
  ): Promise<{ readonly cidr: string; readonly until: number | null } | undefined> {
    if (!ipaddr.isValid(address)) return undefined;
    const parsed = ipaddr.process(address);
    for await (const [cidr, { until }] of this.tables.addressBans.entries()) {
      if (until !== null && until <= this.clock.now()) continue;
      const [range, bits] = ipaddr.parseCIDR(cidr);
      if (range.kind() === parsed.kind() && parsed.match(range, bits)) return { cidr, until };
    }
    return undefined;
  }

  async sweep(): Promise<void> {
    for await (const [key, { until }] of this.tables.bans.entries()) {
      if (until !== null && until <= this.clock.now()) await this.tables.bans.delete(key);
    }
    for await (const [cidr, { until }] of this.tables.addressBans.entries()) {
      if (until !== null && until <= this.clock.now()) await this.tables.addressBans.delete(cidr);
    }
  }

  async deleteAll(steamId: bigint): Promise<void> {
    for (const [key] of await this.tables.bans.all(`${steamId}/`))
      await this.tables.bans.delete(key);
  }

  #isCurrent(ban: SteamBan): boolean {
    return ban.until === null || ban.until > this.clock.now();
  }
}

function toBan(key: string, record: BanRecord): SteamBan {
  const [steamId, appId, kind] = key.split('/') as [string, string, BanKind];
  return {
    steamId: BigInt(steamId),
    appId: Number(appId),
    kind,
    from: record.from,
    until: record.until,
    by: record.by,
    reason: record.reason,
    becauseOf: record.becauseOf === null ? null : BigInt(record.becauseOf),
  };
}

/** `10.0.0.1` becomes `10.0.0.1/32`; throws for what is no address or range. */
function canonicalCidr(text: string): string {
  const whole = text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`;
  const [address, bits] = ipaddr.parseCIDR(whole);
  return `${address.toString()}/${bits}`;
}
