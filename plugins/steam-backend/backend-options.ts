/** Everything an operator may set; times in milliseconds. Defaults are those of steam-gameserver 6.5. */
export interface BackendOptions {
  readonly accounts: 'closed' | 'self-service' | 'open';
  /** With `accounts: open`, for others than this machine too. */
  readonly allowOpenAccounts: boolean;
  readonly publicUniverse: boolean;
  /** Apps that need no licence. */
  readonly freeApps: 'all' | readonly number[];
  readonly anonymousServers: 'verify' | 'full' | 'refused';
  readonly tokenConflict: 'older-loses' | 'newer-refused';
  readonly clanMustAllow: boolean;
  readonly antiCheatHeartbeat: boolean;
  readonly connectTokenPool: number;
  readonly readyDelay: number;
  readonly offlineGrace: number;
  readonly serverTimeout: number;
  readonly antiCheatFirst: number;
  readonly antiCheatInterval: number;
  readonly ticketLifetime: number;
  readonly ownershipLifetime: number;
  /** Login tokens unused for so long are refused with 106. */
  readonly tokenDisuse: number;
  /** Accounts that strangers made and nobody used for so long are removed. */
  readonly idleAccounts: number;
  readonly jwt: {
    readonly issuer: string;
    readonly key: string;
    readonly audience: string | null;
  } | null;
  /** Public key (PEM) with which tickets of the real Steam are verified. */
  readonly steamTicketKey: string | null;
}

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

export const defaultBackendOptions: BackendOptions = {
  accounts: 'closed',
  allowOpenAccounts: false,
  publicUniverse: false,
  freeApps: [],
  anonymousServers: 'verify',
  tokenConflict: 'older-loses',
  clanMustAllow: false,
  antiCheatHeartbeat: false,
  connectTokenPool: 10,
  readyDelay: 30,
  offlineGrace: 15_000,
  serverTimeout: 90_000,
  antiCheatFirst: 30_000,
  antiCheatInterval: 60_000,
  ticketLifetime: DAY,
  ownershipLifetime: 21 * DAY,
  tokenDisuse: 365 * DAY,
  idleAccounts: 90 * DAY,
  jwt: null,
  steamTicketKey: null,
};
