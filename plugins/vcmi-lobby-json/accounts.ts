import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Clock, Store } from 'beaconry';
import { foldName, type NamePolicy } from 'beaconry/plugins/vcmi-lobby';
import { isUuid } from './text-rules.js';

export interface Account {
  readonly accountID: string;
  readonly displayName: string;
}

interface StoredAccount {
  readonly [key: string]: string | number | null | readonly string[];
  readonly displayName: string;
  /** SHA-256 of each cookie, hex; a copy of the store logs nobody in. */
  readonly cookies: readonly string[];
  /** Unix milliseconds, as all times here. */
  readonly created: number;
  readonly lastLogin: number | null;
}

/** What is kept in memory of each account. */
interface Known {
  readonly created: number;
  lastLogin: number | null;
  /** It goes then, unless it logs in before. */
  readonly unusedUntil: number;
}

export interface AccountsOptions {
  readonly maxAccounts: number;
  /** An account that never logs in is forgotten after so many milliseconds; 0 keeps it. */
  readonly unusedLifetime: number;
}

export type RegisterRefusal = 'in use' | 'full';

/** Accounts and their cookies: on disk before anybody hears of them. */
export class Accounts {
  /** By folded name. */
  readonly #known = new Map<string, Known>();
  /** Those that never logged in, the oldest first. */
  readonly #unused = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    private readonly names: NamePolicy,
    private readonly options: AccountsOptions,
  ) {
    names.setOwned((name) => this.#known.has(name));
  }

  get size(): number {
    return this.#known.size;
  }

  async load(): Promise<void> {
    for (let after = ''; ; ) {
      const entries = await this.store.scan<StoredAccount>('account/', { after });
      for (const [, account] of entries) this.#learn(account);
      const last = entries.at(-1);
      if (last === undefined) return;
      after = last[0];
    }
  }

  async register(
    displayName: string,
    address: string,
  ): Promise<{ readonly accountID: string; readonly accountCookie: string } | RegisterRefusal> {
    const name = foldName(displayName);
    if (this.names.refusal(displayName, address, this.clock.monotonic()) !== undefined) {
      return 'in use';
    }
    if (this.#known.size >= this.options.maxAccounts) return 'full';
    const [accountID, accountCookie] = [randomUUID(), randomUUID()];
    const account: StoredAccount = {
      displayName,
      cookies: [hashOf(accountCookie).toString('hex')],
      created: this.clock.now(),
      lastLogin: null,
    };
    // At once, so that a second request meanwhile finds the name in use.
    this.#learn(account);
    const { unusedLifetime } = this.options;
    const keep = unusedLifetime === 0 ? {} : { ttl: unusedLifetime };
    try {
      if (!(await this.store.setIfAbsent(`name/${name}`, accountID, keep))) return 'in use';
      await this.store.set(`account/${accountID}`, account, keep);
    } catch (error) {
      this.#known.delete(name);
      this.#unused.delete(name);
      throw error;
    }
    return { accountID, accountCookie };
  }

  async find(accountID: string): Promise<Account | undefined> {
    if (!isUuid(accountID)) return undefined;
    const stored = await this.store.get<StoredAccount>(`account/${accountID}`);
    return stored === undefined ? undefined : { accountID, displayName: stored.displayName };
  }

  /** The account of that id when the cookie is one of its cookies. */
  async authenticate(accountID: string, cookie: string): Promise<Account | 'unknown' | 'wrong'> {
    if (!isUuid(accountID)) return 'unknown';
    const stored = await this.store.get<StoredAccount>(`account/${accountID}`);
    if (stored === undefined) return 'unknown';
    const hash = hashOf(cookie);
    const fits = stored.cookies.some((known) => timingSafeEqual(Buffer.from(known, 'hex'), hash));
    return fits ? { accountID, displayName: stored.displayName } : 'wrong';
  }

  /** Resolves when the login is on disk; from then on the account stays for good. */
  async recordLogin({ accountID, displayName }: Account): Promise<void> {
    const now = this.clock.now();
    const name = foldName(displayName);
    await this.store.update<StoredAccount>(`account/${accountID}`, (account) =>
      account === undefined ? undefined : { ...account, lastLogin: now },
    );
    const known = this.#known.get(name);
    if (known?.lastLogin === null) await this.store.set(`name/${name}`, accountID);
    if (known !== undefined) known.lastLogin = now;
    this.#unused.delete(name);
  }

  /** By id, or by name in any spelling. */
  async named(idOrName: string): Promise<Account | undefined> {
    const accountID = isUuid(idOrName)
      ? idOrName
      : await this.store.get<string>(`name/${foldName(idOrName)}`);
    return accountID === undefined ? undefined : this.find(accountID);
  }

  /** It can log in no more, and its name is free. */
  async remove(account: Account): Promise<void> {
    await this.store.delete(`account/${account.accountID}`);
    await this.store.delete(`name/${foldName(account.displayName)}`);
    this.unlearn(account);
  }

  /** Another node removed it. */
  unlearn({ displayName }: Account): void {
    const name = foldName(displayName);
    this.#known.delete(name);
    this.#unused.delete(name);
  }

  /** Forgets accounts that were never used, as the store does. */
  sweep(): void {
    const now = this.clock.now();
    for (const name of this.#unused) {
      const known = this.#known.get(name);
      if (known !== undefined && known.unusedUntil > now) return;
      this.#unused.delete(name);
      this.#known.delete(name);
    }
  }

  /** How many registered, and how many were here, in the last so many milliseconds. */
  countSince(ms: number): { readonly registered: number; readonly active: number } {
    const since = this.clock.now() - ms;
    let [registered, active] = [0, 0];
    for (const { created, lastLogin } of this.#known.values()) {
      if (created > since) registered++;
      if (lastLogin !== null && lastLogin > since) active++;
    }
    return { registered, active };
  }

  #learn({ displayName, created, lastLogin }: StoredAccount): void {
    const name = foldName(displayName);
    const { unusedLifetime } = this.options;
    const unusedUntil = unusedLifetime === 0 ? Number.POSITIVE_INFINITY : created + unusedLifetime;
    this.#known.set(name, { created, lastLogin, unusedUntil });
    if (lastLogin === null) this.#unused.add(name);
  }
}

const hashOf = (cookie: string): Buffer => createHash('sha256').update(cookie).digest();
