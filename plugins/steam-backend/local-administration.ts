import { EAuthSessionResponse, EResult } from 'beaconry/steam';
import type { LocalBackend } from './local-backend.js';
import type {
  Account,
  AccountChange,
  AccountCreated,
  BanKind,
  GroupMember,
  Licence,
  ServerAccount,
  SteamAdministration,
  SteamBan,
  TicketOwner,
} from './public.js';
import { WebTicketCheck } from './web-ticket-check.js';

/** The operator's side of the backend; every change reaches the open sessions it concerns. */
export class LocalAdministration implements SteamAdministration {
  readonly #webTickets: WebTicketCheck;
  constructor(private readonly backend: LocalBackend) {
    this.#webTickets = new WebTicketCheck(backend);
  }

  createAccount(options: { readonly name?: string } = {}): Promise<AccountCreated> {
    return this.backend.accounts.create(options.name ?? '', 'key');
  }
  resetAccountKey(steamId: bigint): Promise<AccountCreated> {
    return this.backend.accounts.resetKey(steamId);
  }
  account(steamId: bigint): Promise<Account | undefined> {
    return this.backend.accounts.get(steamId);
  }
  accounts(after?: bigint, limit = 100): Promise<readonly Account[]> {
    return this.backend.accounts.list(after, limit);
  }
  async changeAccount(steamId: bigint, change: AccountChange): Promise<Account> {
    const { accounts, departures } = this.backend;
    const changed = await accounts.change(steamId, change);
    if (change.locked === true) await departures.expelled(steamId, EResult.AccountDisabled);
    return changed;
  }
  async isLoggedOn(steamId: bigint): Promise<boolean> {
    return (await this.backend.connections.current(steamId)) !== undefined;
  }
  deleteAccount(steamId: bigint): Promise<boolean> {
    return this.backend.removal.remove(steamId);
  }

  createServerAccount(options: {
    readonly owner: bigint;
    readonly appId: number;
    readonly memo?: string;
  }): Promise<{ readonly steamId: bigint; readonly loginToken: string }> {
    return this.backend.serverAccounts.create(options.owner, options.appId, options.memo ?? '');
  }
  serverAccounts(owner?: bigint): Promise<readonly ServerAccount[]> {
    return this.backend.serverAccounts.list(owner);
  }
  serverAccount(steamId: bigint): Promise<ServerAccount | undefined> {
    return this.backend.serverAccounts.get(steamId);
  }
  queryLoginToken(token: string): Promise<ServerAccount | undefined> {
    return this.backend.serverAccounts.byToken(token);
  }
  resetLoginToken(steamId: bigint): Promise<string> {
    return this.backend.serverAccounts.reset(steamId);
  }
  setMemo(steamId: bigint, memo: string): Promise<void> {
    return this.backend.serverAccounts.setMemo(steamId, memo);
  }
  async deleteServerAccount(steamId: bigint): Promise<boolean> {
    await this.backend.departures.serverAccountRemoved(steamId);
    return this.backend.serverAccounts.delete(steamId);
  }
  async setServerBan(steamId: bigint, until: number | null | 'lift'): Promise<void> {
    const { serverAccounts, reputations, sessions, connections, tables } = this.backend;
    await serverAccounts.setBan(steamId, until);
    if (until !== 'lift') {
      await reputations.addBan(steamId);
      await sessions.fail(steamId, EAuthSessionResponse.PublisherIssuedBan, () => true);
    }
    const online = await tables.online.get(steamId.toString());
    const record = online === undefined ? undefined : await tables.connections.get(online);
    if (record === undefined) return;
    const secure = await this.backend.isSecure(steamId, record.appId, record.mode);
    connections.say(steamId, { event: 'policy', secure });
  }

  async grantLicence(
    licence: Parameters<SteamAdministration['grantLicence']>[0],
  ): Promise<Licence> {
    const { steamId, appId, until = null, lender = null, dlcOf = null } = licence;
    const whole = { steamId, appId, package: licence.package ?? 0, until, lender, dlcOf };
    const granted = await this.backend.licences.grant(whole);
    await this.backend.licenceEffects.changed(steamId, appId);
    return granted;
  }
  async revokeLicence(steamId: bigint, appId: number): Promise<boolean> {
    const revoked = await this.backend.licences.revoke(steamId, appId);
    if (revoked) await this.backend.licenceEffects.changed(steamId, appId);
    return revoked;
  }
  licences(steamId: bigint): Promise<readonly Licence[]> {
    return this.backend.licences.list(steamId);
  }
  async ownerOf(steamId: bigint, appId: number): Promise<bigint | undefined> {
    const { licences } = this.backend;
    return licences.ownerIn(await licences.owned(steamId), steamId, appId);
  }

  createGroup(name: string): Promise<bigint> {
    return this.backend.groups.create(name);
  }
  deleteGroup(group: bigint): Promise<boolean> {
    return this.backend.groups.delete(group);
  }
  group(group: bigint): Promise<{ readonly name: string } | undefined> {
    return this.backend.groups.get(group);
  }
  setMember(group: bigint, member: GroupMember): Promise<void> {
    return this.backend.groups.setMember(group, member);
  }
  removeMember(group: bigint, steamId: bigint): Promise<boolean> {
    return this.backend.groups.removeMember(group, steamId);
  }
  members(group: bigint): Promise<readonly GroupMember[]> {
    return this.backend.groups.members(group);
  }
  groupsOf(steamId: bigint): Promise<readonly bigint[]> {
    return this.backend.groups.groupsOf(steamId);
  }

  block(steamId: bigint, blocked: bigint): Promise<void> {
    return this.backend.groups.block(steamId, blocked);
  }
  unblock(steamId: bigint, blocked: bigint): Promise<boolean> {
    return this.backend.groups.unblock(steamId, blocked);
  }
  blockedBy(steamId: bigint): Promise<readonly bigint[]> {
    return this.backend.groups.blockedBy(steamId);
  }

  /** A publisher's ban on a borrower falls on the owner of the game too. */
  async ban(ban: Parameters<SteamAdministration['ban']>[0]): Promise<SteamBan> {
    const { steamId, appId, kind, until = null, by, reason } = ban;
    const { bans, licences } = this.backend;
    const owner = kind === 'game' ? await this.ownerOf(steamId, appId) : undefined;
    const record = { steamId, appId, kind, until, by, reason, becauseOf: null };
    const added = await bans.add(record);
    if (owner !== undefined && owner !== steamId && !licences.isFree(appId)) {
      await bans.add({ ...record, steamId: owner, becauseOf: steamId });
    }
    return added;
  }
  unban(steamId: bigint, appId: number, kind: BanKind): Promise<boolean> {
    return this.backend.bans.remove(steamId, appId, kind);
  }
  bans(steamId: bigint): Promise<readonly SteamBan[]> {
    return this.backend.bans.list(steamId);
  }
  banAddress(cidr: string, until: number | null): Promise<void> {
    return this.backend.storedBans.banAddress(cidr, until);
  }
  unbanAddress(cidr: string): Promise<boolean> {
    return this.backend.storedBans.unbanAddress(cidr);
  }

  async requireVersion(
    appId: number,
    product: string,
    required: { readonly version: string; readonly reject: boolean; readonly text: string } | null,
  ): Promise<void> {
    const { versions } = this.backend.tables;
    if (required === null) await versions.delete(`${appId}/${product}`);
    else await versions.set(`${appId}/${product}`, { ...required });
  }
  requiredVersion(
    appId: number,
    product: string,
  ): Promise<{ version: string; reject: boolean; text: string } | undefined> {
    return this.backend.tables.versions.get(`${appId}/${product}`);
  }
  async setSecurePolicy(appId: number, secure: boolean): Promise<void> {
    const { tables, connections } = this.backend;
    await tables.policies.set(String(appId), { secure });
    for await (const [, record] of tables.connections.entries()) {
      if (record.kind !== 'server' || record.appId !== appId) continue;
      const steamId = BigInt(record.steamId);
      const now = await this.backend.isSecure(steamId, appId, record.mode);
      connections.say(steamId, { event: 'policy', secure: now });
    }
  }

  authenticateTicket(
    ticket: Uint8Array,
    appId: number,
    identity: string | null,
  ): Promise<TicketOwner> {
    return this.#webTickets.authenticate(ticket, appId, identity);
  }

  tableSizes(): Promise<Readonly<Record<string, number>>> {
    return this.backend.tables.sizes();
  }
}
