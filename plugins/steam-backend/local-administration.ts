import { ServerError } from 'beaconry';
import {
  AUTH_PART_LENGTH,
  decodeTicket,
  EAuthSessionResponse,
  EResult,
  ETicketKind,
  SteamID,
  TrustedIssuers,
} from 'beaconry/steam';
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

/** The operator's side of the backend; every change reaches the open sessions it concerns. */
export class LocalAdministration implements SteamAdministration {
  readonly #issuers: TrustedIssuers;
  constructor(private readonly backend: LocalBackend) {
    this.#issuers = new TrustedIssuers(backend.trustedKeys);
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
  changeAccount(steamId: bigint, change: AccountChange): Promise<Account> {
    return this.backend.accounts.change(steamId, change);
  }
  deleteAccount(steamId: bigint): Promise<boolean> {
    return this.backend.deleteAccount(steamId);
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
    await this.backend.endServerAccount(steamId);
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
    await this.backend.licencesChanged(steamId, appId);
    return granted;
  }
  async revokeLicence(steamId: bigint, appId: number): Promise<boolean> {
    const revoked = await this.backend.licences.revoke(steamId, appId);
    if (revoked) await this.backend.licencesChanged(steamId, appId);
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

  async authenticateTicket(
    ticket: Uint8Array,
    appId: number,
    identity: string | null,
  ): Promise<TicketOwner> {
    const refused = (result: EResult): TicketOwner => ({
      ...{ result, steamId: 0n, ownerId: 0n, vacBanned: false, publisherBanned: false },
    });
    const parsed = this.#parseWebTicket(ticket, appId);
    if (typeof parsed === 'number') return refused(parsed);
    const { steamId, token } = parsed;
    const { connectTokens, online } = this.backend.tables;
    const authPart = Buffer.from(ticket.subarray(0, AUTH_PART_LENGTH)).toString('hex');
    const known = await connectTokens.get(token.toString());
    if (known?.ticket?.authPart !== authPart || known.ticket.appId !== appId) {
      return refused(EResult.InvalidParam);
    }
    if (known.ticket.identity !== null && known.ticket.identity !== identity) {
      return refused(EResult.AccessDenied);
    }
    if ((await online.get(steamId.toString())) !== known.connection) {
      return refused(EResult.NotLoggedOn);
    }
    const taken = await this.#consume(token);
    if (taken !== EResult.OK) return refused(taken);
    const ownerId = await this.ownerOf(steamId, appId);
    if (ownerId === undefined) return refused(EResult.AccessDenied);
    const bans = await this.backend.bans.list(steamId);
    const has = (kind: BanKind) =>
      bans.some((ban) => ban.kind === kind && (ban.appId === 0 || ban.appId === appId));
    const [vacBanned, publisherBanned] = [has('vac'), has('game')];
    return { result: EResult.OK, steamId, ownerId, vacBanned, publisherBanned };
  }

  tableSizes(): Promise<Readonly<Record<string, number>>> {
    return this.backend.tables.sizes();
  }

  async #consume(token: bigint): Promise<EResult> {
    let result = EResult.Fail;
    const by = `web/${crypto.randomUUID()}`;
    const now = this.backend.clock.now();
    const record = await this.backend.tables.connectTokens.update(
      token.toString(),
      (current) =>
        current?.consumedBy === null && current.ticket?.state === 'active'
          ? { ...current, consumedBy: by, consumedAt: now }
          : current,
      this.backend.options.ticketLifetime,
    );
    if (record?.consumedBy === by) result = EResult.OK;
    else if (record?.ticket?.state === 'cancelled') result = EResult.Revoked;
    else if (record !== undefined) result = EResult.DuplicateRequest;
    return result;
  }

  #parseWebTicket(bytes: Uint8Array, appId: number): { steamId: bigint; token: bigint } | EResult {
    try {
      const { gameConnect, session, ownership, signedBytes, signature } = decodeTicket(bytes);
      if (gameConnect === undefined || session?.kind !== ETicketKind.WebApi) {
        return EResult.InvalidParam;
      }
      if (signature === undefined || !this.#issuers.verify(signedBytes, signature)) {
        return EResult.InvalidSignature;
      }
      const { steamId, token } = gameConnect;
      if (steamId !== ownership.steamId || !new SteamID(steamId).isValid)
        return EResult.InvalidParam;
      if (ownership.appId !== appId) return EResult.NoMatch;
      const expired = ownership.expires * 1000 <= this.backend.clock.now();
      return expired ? EResult.Expired : { steamId, token };
    } catch {
      return EResult.ParseFailure;
    }
  }
}

/** Stands in where the backend lives elsewhere: accounts are kept there. */
export function remoteAdministration(url: string): SteamAdministration {
  const refuse = (name: string) => () => {
    const say = `${name} works only where the backend runs; ask the operator of ${url}`;
    return Promise.reject(new ServerError('BACKEND_IS_REMOTE', say));
  };
  const names = Object.getOwnPropertyNames(LocalAdministration.prototype);
  return Object.fromEntries(
    names.filter((name) => name !== 'constructor').map((name) => [name, refuse(name)]),
  ) as unknown as SteamAdministration;
}
