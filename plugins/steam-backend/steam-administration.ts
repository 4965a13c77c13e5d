import { serviceToken } from 'beaconry';
import type { BanKind, SteamBan } from './ban-lookup.js';
import type {
  Account,
  AccountChange,
  AccountCreated,
  GroupMember,
  Licence,
  ServerAccount,
  TicketOwner,
} from './steam-records.js';

/** The operator's side of a local backend; with `backend: URL` every call throws BACKEND_IS_REMOTE. */
export interface SteamAdministration {
  createAccount(options?: { readonly name?: string }): Promise<AccountCreated>;
  resetAccountKey(steamId: bigint): Promise<AccountCreated>;
  account(steamId: bigint): Promise<Account | undefined>;
  accounts(after?: bigint, limit?: number): Promise<readonly Account[]>;
  changeAccount(steamId: bigint, change: AccountChange): Promise<Account>;
  /** Whether it has a session, on whatever node. */
  isLoggedOn(steamId: bigint): Promise<boolean>;
  /** Removes the account and everything that hangs on it. */
  deleteAccount(steamId: bigint): Promise<boolean>;

  createServerAccount(options: {
    readonly owner: bigint;
    readonly appId: number;
    readonly memo?: string;
  }): Promise<{ readonly steamId: bigint; readonly loginToken: string }>;
  serverAccounts(owner?: bigint): Promise<readonly ServerAccount[]>;
  serverAccount(steamId: bigint): Promise<ServerAccount | undefined>;
  queryLoginToken(token: string): Promise<ServerAccount | undefined>;
  resetLoginToken(steamId: bigint): Promise<string>;
  setMemo(steamId: bigint, memo: string): Promise<void>;
  deleteServerAccount(steamId: bigint): Promise<boolean>;
  setServerBan(steamId: bigint, until: number | null | 'lift'): Promise<void>;

  grantLicence(licence: {
    readonly steamId: bigint;
    readonly appId: number;
    readonly package?: number;
    readonly until?: number | null;
    readonly lender?: bigint | null;
    readonly dlcOf?: number | null;
  }): Promise<Licence>;
  revokeLicence(steamId: bigint, appId: number): Promise<boolean>;
  licences(steamId: bigint): Promise<readonly Licence[]>;
  /** Own or borrowed, at this moment. */
  ownerOf(steamId: bigint, appId: number): Promise<bigint | undefined>;

  createGroup(name: string): Promise<bigint>;
  deleteGroup(group: bigint): Promise<boolean>;
  group(group: bigint): Promise<{ readonly name: string } | undefined>;
  setMember(group: bigint, member: GroupMember): Promise<void>;
  removeMember(group: bigint, steamId: bigint): Promise<boolean>;
  members(group: bigint): Promise<readonly GroupMember[]>;
  groupsOf(steamId: bigint): Promise<readonly bigint[]>;

  block(steamId: bigint, blocked: bigint): Promise<void>;
  unblock(steamId: bigint, blocked: bigint): Promise<boolean>;
  blockedBy(steamId: bigint): Promise<readonly bigint[]>;

  ban(ban: {
    readonly steamId: bigint;
    readonly appId: number;
    readonly kind: BanKind;
    readonly until?: number | null;
    readonly by: string;
    readonly reason: string;
  }): Promise<SteamBan>;
  unban(steamId: bigint, appId: number, kind: BanKind): Promise<boolean>;
  bans(steamId: bigint): Promise<readonly SteamBan[]>;
  banAddress(cidr: string, until: number | null): Promise<void>;
  unbanAddress(cidr: string): Promise<boolean>;

  requireVersion(
    appId: number,
    product: string,
    required: { readonly version: string; readonly reject: boolean; readonly text: string } | null,
  ): Promise<void>;
  requiredVersion(
    appId: number,
    product: string,
  ): Promise<
    { readonly version: string; readonly reject: boolean; readonly text: string } | undefined
  >;
  /** Whether servers of the app may be secure; told to those that are logged on. */
  setSecurePolicy(appId: number, secure: boolean): Promise<void>;

  /** Checks a Web API ticket (kind 5); uses it up. */
  authenticateTicket(
    ticket: Uint8Array,
    appId: number,
    identity: string | null,
  ): Promise<TicketOwner>;
  /** Entries in each table, for metrics and tests. */
  tableSizes(): Promise<Readonly<Record<string, number>>>;
}
export const SteamAdministration = serviceToken<SteamAdministration>('SteamAdministration');
