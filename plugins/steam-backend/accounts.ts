import { type Clock, ServerError } from 'beaconry';
import { decodeTicket, EUniverse, SteamID, TrustedIssuers } from 'beaconry/steam';
import type { BackendOptions } from './backend-options.js';
import type { AccountRecord, BackendTables } from './backend-tables.js';
import { jwtSubject } from './jwt.js';
import type { Account, AccountChange, AccountCreated, PlayerCredential } from './public.js';
import { hashSecret, newSecret } from './secrets.js';

/** Players: their accounts, and the proofs with which they log on. */
export class Accounts {
  readonly #steamIssuers: TrustedIssuers | undefined;

  constructor(
    private readonly tables: BackendTables,
    private readonly options: BackendOptions,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    this.#steamIssuers =
      options.steamTicketKey === null ? undefined : new TrustedIssuers([options.steamTicketKey]);
  }

  /** The universe of ids made here; ids that nobody vouches for are always of the Dev universe. */
  universe(origin: AccountRecord['origin']): EUniverse {
    return this.options.publicUniverse && origin !== 'open' ? EUniverse.Public : EUniverse.Dev;
  }

  async create(name: string, origin: AccountRecord['origin']): Promise<AccountCreated> {
    const accountKey = newSecret();
    const steamId = await this.#nextId(origin);
    await this.#store(steamId, { ...this.#fresh(name, origin), keyHash: hashSecret(accountKey) });
    await this.tables.accountKeys.set(hashSecret(accountKey), steamId.toString());
    return { steamId, accountKey };
  }

  async resetKey(steamId: bigint): Promise<AccountCreated> {
    const account = await this.#existing(steamId);
    const accountKey = newSecret();
    const keyHash = hashSecret(accountKey);
    await this.tables.accountKeys.set(keyHash, steamId.toString());
    await this.#store(steamId, { ...account, keyHash });
    if (account.keyHash !== null) await this.tables.accountKeys.delete(account.keyHash);
    return { steamId, accountKey };
  }

  /** The account that the credential proves; undefined when it proves none. */
  async prove(
    credential: Exclude<PlayerCredential, { resume: unknown }>,
  ): Promise<bigint | undefined> {
    if ('accountKey' in credential) return this.#byKey(credential.accountKey);
    if ('jwt' in credential) return this.#bySubject(credential.jwt);
    return this.#bySteamTicket(credential.steamTicket);
  }

  async get(steamId: bigint): Promise<Account | undefined> {
    const record = await this.tables.accounts.get(steamId.toString());
    return record === undefined ? undefined : toAccount(steamId, record);
  }

  async list(after: bigint | undefined, limit: number): Promise<readonly Account[]> {
    const page = await this.tables.accounts.page('', after?.toString(), limit);
    return page.map(([id, record]) => toAccount(BigInt(id), record));
  }

  async change(steamId: bigint, change: AccountChange): Promise<Account> {
    const account = { ...(await this.#existing(steamId)), ...change };
    await this.#store(steamId, account);
    return toAccount(steamId, account);
  }

  async noteLogon(steamId: bigint): Promise<void> {
    const now = this.clock.now();
    await this.tables.accounts.update(steamId.toString(), (account) =>
      account === undefined ? undefined : { ...account, lastLogon: now },
    );
  }

  async delete(steamId: bigint): Promise<boolean> {
    const account = await this.tables.accounts.take(steamId.toString());
    if (account === undefined) return false;
    if (account.keyHash !== null) await this.tables.accountKeys.delete(account.keyHash);
    if (account.subject !== null) await this.tables.subjects.delete(account.subject);
    return true;
  }

  /** Accounts that strangers made and that were not used for long. */
  async idle(): Promise<readonly bigint[]> {
    const before = this.clock.now() - this.options.idleAccounts;
    const idle: bigint[] = [];
    for await (const [id, account] of this.tables.accounts.entries()) {
      const byStranger = account.origin === 'open' || account.origin === 'self-service';
      if (byStranger && (account.lastLogon ?? account.created) < before) idle.push(BigInt(id));
    }
    return idle;
  }

  async #byKey(accountKey: string): Promise<bigint | undefined> {
    if (!/^[0-9a-f]{64}$/.test(accountKey)) return undefined;
    const id = await this.tables.accountKeys.get(hashSecret(accountKey));
    return id === undefined ? undefined : BigInt(id);
  }

  async #bySubject(token: string): Promise<bigint | undefined> {
    if (this.options.jwt === null) return undefined;
    const subject = jwtSubject(token, this.options.jwt, this.clock.now());
    if (subject === undefined) return undefined;
    const key = hashSecret(`${this.options.jwt.issuer}\n${subject}`);
    const known = await this.tables.subjects.get(key);
    if (known !== undefined) return BigInt(known);
    const steamId = await this.#nextId('jwt');
    await this.#store(steamId, { ...this.#fresh('', 'jwt'), subject: key });
    if (await this.tables.subjects.setIfAbsent(key, steamId.toString())) return steamId;
    // Another logon of the same subject was quicker: its account counts.
    await this.tables.accounts.delete(steamId.toString());
    const winner = await this.tables.subjects.get(key);
    return winner === undefined ? undefined : BigInt(winner);
  }

  /** Only the ownership part is signed, so it proves possession of a ticket, not of its session part. */
  async #bySteamTicket(bytes: Uint8Array): Promise<bigint | undefined> {
    if (this.#steamIssuers === undefined) return undefined;
    try {
      const { ownership, signedBytes, signature, gameConnect } = decodeTicket(bytes);
      if (signature === undefined || !this.#steamIssuers.verify(signedBytes, signature)) {
        return undefined;
      }
      const id = new SteamID(ownership.steamId);
      const matches = gameConnect === undefined || gameConnect.steamId === ownership.steamId;
      const current = ownership.version === 4 && ownership.expires * 1000 > this.clock.now();
      if (!id.isValid || !id.isIndividual || !matches || !current) return undefined;
    } catch {
      return undefined;
    }
    const { steamId } = decodeTicket(bytes).ownership;
    await this.tables.accounts.setIfAbsent(steamId.toString(), this.#fresh('', 'steam-ticket'));
    return steamId;
  }

  async #nextId(origin: AccountRecord['origin']): Promise<bigint> {
    for (;;) {
      const next = await this.tables.counters.update('account', (last) => (last ?? 0) + 1);
      const id = SteamID.individual(next as number, this.universe(origin)).value;
      if ((await this.tables.accounts.get(id.toString())) === undefined) return id;
    }
  }

  #fresh(name: string, origin: AccountRecord['origin']): AccountRecord {
    return {
      name: name.slice(0, 64),
      created: this.clock.now(),
      lastLogon: null,
      origin,
      locked: false,
      communityBanned: false,
      limited: false,
      phone: origin !== 'open' && origin !== 'self-service',
      keyHash: null,
      subject: null,
    };
  }

  #store(steamId: bigint, account: AccountRecord): Promise<void> {
    return this.tables.accounts.set(steamId.toString(), account);
  }

  async #existing(steamId: bigint): Promise<AccountRecord> {
    const account = await this.tables.accounts.get(steamId.toString());
    if (account !== undefined) return account;
    throw new ServerError('ACCOUNT_NOT_FOUND', `there is no account ${steamId}; see account-list`);
  }
}

const toAccount = (steamId: bigint, record: AccountRecord): Account => ({
  steamId,
  name: record.name,
  created: record.created,
  origin: record.origin,
  verified: record.origin !== 'open',
  locked: record.locked,
  communityBanned: record.communityBanned,
  limited: record.limited,
  phone: record.phone,
});
