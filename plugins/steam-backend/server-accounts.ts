import { type Clock, ServerError } from 'beaconry';
import { EAccountType, EResult, EUniverse, SteamID } from 'beaconry/steam';
import type { BackendOptions } from './backend-options.js';
import type { BackendTables, ServerAccountRecord } from './backend-tables.js';
import type { ServerAccount } from './public.js';
import { hashSecret, newLoginToken } from './secrets.js';

const MAX_PER_OWNER = 1000;

/** Game server accounts (type 3) and their login tokens. Only hashes of tokens are kept. */
export class ServerAccounts {
  constructor(
    private readonly tables: BackendTables,
    private readonly options: BackendOptions,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  get universe(): EUniverse {
    return this.options.publicUniverse ? EUniverse.Public : EUniverse.Dev;
  }

  async create(
    owner: bigint,
    appId: number,
    memo: string,
  ): Promise<{ steamId: bigint; loginToken: string }> {
    const account = await this.tables.accounts.get(owner.toString());
    if (account === undefined) {
      throw new ServerError('ACCOUNT_NOT_FOUND', `there is no account ${owner} to own the token`);
    }
    if (account.locked || account.communityBanned || account.limited || !account.phone) {
      throw new ServerError(
        'OWNER_NOT_ELIGIBLE',
        `account ${owner} is locked, banned, limited or without phone and may own no login token`,
      );
    }
    if ((await this.list(owner)).length >= MAX_PER_OWNER) {
      throw new ServerError(
        'TOO_MANY_TOKENS',
        `account ${owner} has ${MAX_PER_OWNER} login tokens`,
      );
    }
    const next = await this.tables.counters.update('server', (last) => (last ?? 0) + 1);
    const steamId = SteamID.from({
      universe: this.universe,
      type: EAccountType.GameServer,
      instance: 0,
      accountId: next as number,
    }).value;
    const loginToken = newLoginToken();
    const tokenHash = hashSecret(loginToken);
    await this.tables.serverAccounts.set(steamId.toString(), {
      appId,
      memo: memo.slice(0, 255),
      owner: owner.toString(),
      created: this.clock.now(),
      lastLogon: null,
      tokenHash,
      banned: false,
      bannedUntil: null,
    });
    await this.tables.loginTokens.set(tokenHash, steamId.toString());
    return { steamId, loginToken };
  }

  /** Who logs on with the token, or why nobody does (table of the Steam game server API, section 2.2). */
  async prove(
    token: string,
    appId: number,
  ): Promise<{ steamId: bigint } | { result: EResult; retrying: boolean }> {
    const text = token.replaceAll(/\s/g, '').toUpperCase();
    if (!/^[0-9A-F]{32}$/.test(text)) return refused(EResult.InvalidParam);
    const id = await this.tables.loginTokens.get(hashSecret(text));
    const account = id === undefined ? undefined : await this.tables.serverAccounts.get(id);
    if (id === undefined || account === undefined) return refused(EResult.InvalidPassword);
    if (account.appId !== appId) return refused(EResult.InvalidPassword);
    if (this.#isExpired(account)) return refused(EResult.GSLTExpired, true);
    if (this.#isBanned(account)) return refused(EResult.GSLTDenied);
    const owner = await this.tables.accounts.get(account.owner);
    if (owner === undefined || owner.locked || owner.communityBanned || !owner.phone) {
      return refused(EResult.GSOwnerDenied);
    }
    const now = this.clock.now();
    await this.tables.serverAccounts.update(id, (current) =>
      current === undefined ? undefined : { ...current, lastLogon: now },
    );
    return { steamId: BigInt(id) };
  }

  async list(owner?: bigint): Promise<readonly ServerAccount[]> {
    const found: ServerAccount[] = [];
    for await (const [id, record] of this.tables.serverAccounts.entries()) {
      if (owner === undefined || record.owner === owner.toString()) {
        found.push(this.#toAccount(BigInt(id), record));
      }
    }
    return found;
  }

  async get(steamId: bigint): Promise<ServerAccount | undefined> {
    const record = await this.tables.serverAccounts.get(steamId.toString());
    return record === undefined ? undefined : this.#toAccount(steamId, record);
  }

  async byToken(token: string): Promise<ServerAccount | undefined> {
    const id = await this.tables.loginTokens.get(hashSecret(token.trim().toUpperCase()));
    return id === undefined ? undefined : this.get(BigInt(id));
  }

  /** A new token for the same id; the old one is worth nothing from now on. */
  async reset(steamId: bigint): Promise<string> {
    const record = await this.#existing(steamId);
    const loginToken = newLoginToken();
    const tokenHash = hashSecret(loginToken);
    await this.tables.loginTokens.set(tokenHash, steamId.toString());
    const next = { ...record, tokenHash, lastLogon: this.clock.now() };
    await this.tables.serverAccounts.set(steamId.toString(), next);
    await this.tables.loginTokens.delete(record.tokenHash);
    return loginToken;
  }

  async setMemo(steamId: bigint, memo: string): Promise<void> {
    const record = await this.#existing(steamId);
    await this.tables.serverAccounts.set(steamId.toString(), {
      ...record,
      memo: memo.slice(0, 255),
    });
  }

  async setBan(steamId: bigint, until: number | null | 'lift'): Promise<void> {
    const record = await this.#existing(steamId);
    const banned = until !== 'lift';
    await this.tables.serverAccounts.set(steamId.toString(), {
      ...record,
      banned,
      bannedUntil: banned ? until : null,
    });
  }

  async delete(steamId: bigint): Promise<boolean> {
    const record = await this.tables.serverAccounts.take(steamId.toString());
    if (record === undefined) return false;
    await this.tables.loginTokens.delete(record.tokenHash);
    return true;
  }

  async isBanned(steamId: bigint): Promise<boolean> {
    const record = await this.tables.serverAccounts.get(steamId.toString());
    return record !== undefined && this.#isBanned(record);
  }

  #isBanned(record: ServerAccountRecord): boolean {
    const { banned, bannedUntil } = record;
    return banned && (bannedUntil === null || bannedUntil > this.clock.now());
  }

  #isExpired(record: ServerAccountRecord): boolean {
    const used = record.lastLogon ?? record.created;
    return used + this.options.tokenDisuse <= this.clock.now();
  }

  #toAccount(steamId: bigint, record: ServerAccountRecord): ServerAccount {
    const { appId, memo, created, lastLogon, bannedUntil } = record;
    const owner = BigInt(record.owner);
    const expired = this.#isExpired(record);
    const banned = this.#isBanned(record);
    const deleted = false;
    return {
      steamId,
      appId,
      memo,
      owner,
      created,
      lastLogon,
      deleted,
      expired,
      banned,
      bannedUntil,
    };
  }

  async #existing(steamId: bigint): Promise<ServerAccountRecord> {
    const record = await this.tables.serverAccounts.get(steamId.toString());
    if (record !== undefined) return record;
    throw new ServerError(
      'TOKEN_NOT_FOUND',
      `there is no server account ${steamId}; see token-list`,
    );
  }
}

const refused = (result: EResult, retrying = false): { result: EResult; retrying: boolean } => ({
  result,
  retrying,
});
