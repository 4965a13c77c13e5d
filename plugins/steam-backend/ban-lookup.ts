import { serviceToken } from 'beaconry';

/** `vac` for cheating, `game` by the publisher. */
export type BanKind = 'vac' | 'game';

/** A ban of a SteamID; times are Unix milliseconds. */
export interface SteamBan {
  readonly steamId: bigint;
  /** 0 stands for every app. */
  readonly appId: number;
  readonly kind: BanKind;
  readonly from: number;
  readonly until: number | null;
  readonly by: string;
  readonly reason: string;
  /** Set on the ban of an owner whose borrower was banned: the borrower. */
  readonly becauseOf: bigint | null;
}

/** Where the backend learns who is banned; another plugin may provide it instead of the built-in tables. */
export interface BanLookup {
  find(steamId: bigint, appId: number, kind: BanKind): Promise<SteamBan | undefined>;
  list(steamId: bigint): Promise<readonly SteamBan[]>;
  add(ban: Omit<SteamBan, 'from'>): Promise<SteamBan>;
  remove(steamId: bigint, appId: number, kind: BanKind): Promise<boolean>;
  findAddress(
    address: string,
  ): Promise<{ readonly cidr: string; readonly until: number | null } | undefined>;
  /** Called after each ban that was added, wherever it came from. */
  onBan(listener: (ban: SteamBan) => void): () => void;
}
export const BanLookup = serviceToken<BanLookup>('BanLookup');
