import { AddressLimit, type Bus, type Clock, type Logger, PeerAddress, type Store } from 'beaconry';
import { EAccountType, EAuthSessionResponse, EResult, EServerMode, SteamID } from 'beaconry/steam';
import ipaddr from 'ipaddr.js';
import { Accounts } from './accounts.js';
import { AntiCheatWatch } from './anti-cheat-watch.js';
import type { BackendOptions } from './backend-options.js';
import { BackendTables, type ConnectionRecord } from './backend-tables.js';
import { Connections } from './connections.js';
import { Groups } from './groups.js';
import { IssuedTickets } from './issued-tickets.js';
import { Licences } from './licences.js';
import { LocalPlayerLink, LocalServerLink } from './local-link.js';
import { OwnershipTickets } from './ownership-tickets.js';
import type {
  AccountCreated,
  BanLookup,
  LinkEvents,
  LogonAnswer,
  PlayerLink,
  PlayerLogon,
  Resume,
  ServerEvents,
  ServerLink,
  ServerLogon,
  SteamBackend,
} from './public.js';
import { Reputations } from './reputations.js';
import { ServerAccounts } from './server-accounts.js';
import { SessionRegistry } from './session-registry.js';
import { StoredBans } from './stored-bans.js';
import type { TicketKey } from './ticket-key.js';
import { WrongKeyLimit } from './wrong-key-limit.js';

export interface BackendParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly node: string;
  readonly key: TicketKey;
  /** Further issuers whose tickets are believed (PEM). */
  readonly trustedKeys: readonly string[];
  readonly options: BackendOptions;
  /** What to ask instead of, or beside, the backend's own tables. */
  readonly bans?: (stored: StoredBans) => BanLookup;
}

const SWEEP_INTERVAL = 600_000;
/** A node that says nothing for so long is dead, and others wait for its connections. */
const BEAT_INTERVAL = 30_000;
const NODE_LIFETIME = 3 * BEAT_INTERVAL;

type Refusal = { readonly ok: false; readonly result: EResult; readonly retrying: boolean };
const refused = (result: EResult, retrying = false): Refusal => ({ ok: false, result, retrying });

/** The backend in this process. All it knows is in the store; nobody notices when it is restarted. */
export class LocalBackend implements SteamBackend {
  readonly kind = 'local';
  readonly tables: BackendTables;
  readonly accounts: Accounts;
  readonly serverAccounts: ServerAccounts;
  readonly licences: Licences;
  readonly groups: Groups;
  readonly storedBans: StoredBans;
  readonly bans: BanLookup;
  readonly tickets: IssuedTickets;
  readonly ownership: OwnershipTickets;
  readonly reputations: Reputations;
  readonly connections: Connections;
  readonly sessions: SessionRegistry;
  readonly antiCheat: AntiCheatWatch;
  readonly clock: Clock;
  readonly options: BackendOptions;
  readonly trustedKeys: readonly string[];
  readonly #wrongKeys: WrongKeyLimit;
  readonly #logons: AddressLimit;
  readonly #creations: AddressLimit;
  readonly #log: Logger;
  readonly #node: string;
  readonly #endings: (() => void)[] = [];

  constructor(parts: BackendParts) {
    const { store, clock, options } = parts;
    this.clock = clock;
    this.options = options;
    this.#log = parts.log;
    this.#node = parts.node;
    this.trustedKeys = [parts.key.publicKeyPem, ...parts.trustedKeys];
    this.tables = new BackendTables(store);
    this.accounts = new Accounts(this.tables, options, clock);
    this.serverAccounts = new ServerAccounts(this.tables, options, clock);
    this.licences = new Licences(this.tables, options, clock);
    this.groups = new Groups(this.tables, options, clock);
    this.storedBans = new StoredBans(this.tables, clock);
    this.bans = parts.bans?.(this.storedBans) ?? this.storedBans;
    this.tickets = new IssuedTickets(this.tables, options, clock);
    this.ownership = new OwnershipTickets(this.licences, parts.key, options, clock);
    this.reputations = new Reputations(this.tables, clock);
    this.connections = new Connections(
      this.tables,
      options,
      clock,
      parts.bus,
      parts.node,
      (connection, record) => this.#gone(connection, record),
    );
    this.sessions = new SessionRegistry(
      this.tables,
      this.licences,
      this.bans,
      this.serverAccounts,
      this.reputations,
      options,
      clock,
      (to, said) => this.connections.say(to, said),
      (steamId) => this.connections.current(steamId),
    );
    this.antiCheat = new AntiCheatWatch(options, clock, (steamId) =>
      this.sessions.fail(steamId, Response.VACCheckTimedOut, (session) => session.secure),
    );
    this.#wrongKeys = new WrongKeyLimit(clock);
    this.#logons = new AddressLimit(clock, { perSecond: 20, burst: 2000, size: 8192 });
    this.#creations = new AddressLimit(clock, { perSecond: 1 / 60, burst: 10, size: 8192 });
  }

  /** Takes up what a former process left; must be done before anybody logs on. */
  async start(): Promise<void> {
    await this.#beat();
    await this.connections.recover();
    for (const { steamId, connection } of await this.sessions.orphans()) {
      this.#later(this.options.offlineGrace, () => this.#offline(steamId, connection));
    }
    this.#endings.push(
      this.bans.onBan((ban) => this.#background(this.#banned(ban.steamId, ban.appId, ban.kind))),
      this.clock.every(SWEEP_INTERVAL, () => this.#background(this.sweep())),
      this.clock.every(BEAT_INTERVAL, () => this.#background(this.#beat())),
    );
    if (this.options.antiCheatHeartbeat) this.#endings.push(this.antiCheat.start());
  }

  close(): void {
    for (const end of this.#endings.splice(0)) end();
    this.connections.shutDown();
  }

  async logOnPlayer(logon: PlayerLogon, events: LinkEvents): Promise<LogonAnswer<PlayerLink>> {
    return this.#guarded(async () => {
      const barred = await this.#barred(logon.address);
      if (barred !== undefined) return barred;
      const { credential } = logon;
      if ('resume' in credential) return this.#resumePlayer(credential.resume, logon, events);
      const steamId = await this.accounts.prove(credential);
      const account = steamId === undefined ? undefined : await this.accounts.get(steamId);
      if (steamId === undefined || account === undefined) {
        this.#wrongKeys.wrong(logon.address);
        return refused(EResult.InvalidPassword);
      }
      if (account.locked) return refused(EResult.AccountDisabled);
      await this.accounts.noteLogon(steamId);
      const opened = await this.#open(steamId, logon.address, {
        ...{ kind: 'player', appId: 0, mode: 0, product: '', gamePort: 0, anonymous: false },
      });
      const link = new LocalPlayerLink(this, opened, logon.address, events, account.verified);
      return { ok: true, link };
    });
  }

  async logOnServer(logon: ServerLogon, events: ServerEvents): Promise<LogonAnswer<ServerLink>> {
    return this.#guarded(async () => {
      const barred = await this.#barred(logon.address);
      if (barred !== undefined) return barred;
      const proven = await this.#proveServer(logon);
      if ('ok' in proven) return proven;
      const { steamId } = proven;
      const secure = await this.isSecure(steamId, logon.appId, logon.mode);
      if (proven.resumed !== undefined) {
        const opened = { steamId, resume: proven.resumed, record: proven.record };
        return this.#serverLink(opened, logon, events, secure);
      }
      const online = await this.tables.online.get(steamId.toString());
      const busy = online !== undefined && this.connections.heldBy(online) !== undefined;
      if (busy && this.options.tokenConflict === 'newer-refused') {
        return refused(EResult.LoggedInElsewhere);
      }
      const { appId, mode, product, gamePort } = logon;
      const anonymous = logon.token === null;
      const opened = await this.#open(steamId, logon.address, {
        ...{ kind: 'server', appId, mode, product, gamePort, anonymous },
      });
      return this.#serverLink(opened, logon, events, secure);
    });
  }

  async createAccount(
    address: string,
    name: string,
  ): Promise<{ readonly result: EResult; readonly account?: AccountCreated }> {
    const { accounts } = this.options;
    if (accounts === 'closed') return { result: EResult.AccessDenied };
    const limited = !this.#creations.take(toPeer(address));
    if (limited) return { result: EResult.RateLimitExceeded };
    const origin = accounts === 'open' ? 'open' : 'self-service';
    return { result: EResult.OK, account: await this.accounts.create(name, origin) };
  }

  /** Secure: mode 3, the app's policy allows it, the server is not banned. */
  async isSecure(steamId: bigint, appId: number, mode: number): Promise<boolean> {
    if (mode !== EServerMode.AuthenticationAndSecure) return false;
    const policy = await this.tables.policies.get(String(appId));
    return policy?.secure !== false && !(await this.serverAccounts.isBanned(steamId));
  }

  /** A link that was cut without a goodbye. */
  released(link: LocalPlayerLink | LocalServerLink): void {
    this.connections.release(link, link.record);
  }

  /** A goodbye. Players' verifiers hear it after the grace time; a server's own at once. */
  async loggedOff(link: LocalPlayerLink | LocalServerLink): Promise<void> {
    const record = await this.connections.close(link.connection);
    if (record === undefined) return;
    if (record.kind === 'server') {
      await this.#endServer(link.steamId, link.connection, Response.AuthTicketCanceled);
    } else {
      this.tickets.forget(link.connection);
      await this.sessions.endAll(link.steamId);
      const { steamId, connection } = link;
      this.#later(this.options.offlineGrace, () => this.#offline(steamId, connection));
    }
  }

  /** The account began to play: whoever borrows the game from it has to stop. */
  async playing(link: LocalPlayerLink, appId: number): Promise<void> {
    await this.tables.connections.update(link.connection, (record) =>
      record === undefined ? undefined : { ...record, playing: appId },
    );
    if (appId === 0) return;
    for (const borrower of await this.licences.borrowers(link.steamId, appId)) {
      await this.sessions.fail(
        borrower,
        Response.NoLicenseOrExpired,
        (session) => session.appId === appId && session.owner === link.steamId.toString(),
        true,
      );
    }
  }

  /** Removes what is over; runs by itself every ten minutes. */
  async sweep(): Promise<void> {
    for (const { steamId, appId } of await this.licences.sweep()) {
      await this.licencesChanged(steamId, appId);
    }
    await this.storedBans.sweep();
    for (const steamId of await this.accounts.idle()) {
      if ((await this.tables.online.get(steamId.toString())) === undefined) {
        await this.deleteAccount(steamId);
      }
    }
  }

  /** Sessions of the account and of those who borrow from it get their new verdict. */
  async licencesChanged(steamId: bigint, appId: number): Promise<void> {
    this.ownership.forget(steamId);
    await this.sessions.recheckLicences(steamId);
    for (const borrower of await this.licences.borrowers(steamId, appId)) {
      this.ownership.forget(borrower);
      await this.sessions.recheckLicences(borrower);
    }
  }

  async deleteAccount(steamId: bigint): Promise<boolean> {
    const online = await this.tables.online.get(steamId.toString());
    if (online !== undefined) {
      this.connections.say(steamId, { event: 'lost', result: EResult.Revoked, retrying: false });
      await this.connections.close(online);
      await this.#offline(steamId, online);
    }
    const borrowers = await this.licences.borrowers(steamId, 0);
    await this.licences.deleteAll(steamId);
    for (const borrower of borrowers) await this.sessions.recheckLicences(borrower);
    await this.groups.deleteAll(steamId);
    await this.storedBans.deleteAll(steamId);
    for (const { steamId: server } of await this.serverAccounts.list(steamId)) {
      await this.endServerAccount(server);
      await this.serverAccounts.delete(server);
    }
    return this.accounts.delete(steamId);
  }

  /** The token of a server is worth nothing any more: whoever uses it is logged off. */
  async endServerAccount(steamId: bigint): Promise<void> {
    const online = await this.tables.online.get(steamId.toString());
    if (online === undefined) return;
    this.connections.say(steamId, { event: 'lost', result: EResult.GSLTDenied, retrying: false });
    await this.connections.close(online);
    await this.#endServer(steamId, online, Response.AuthTicketCanceled);
  }

  async #open(
    steamId: bigint,
    address: string,
    facts: Pick<ConnectionRecord, 'kind' | 'appId' | 'mode' | 'product' | 'gamePort' | 'anonymous'>,
  ): Promise<{ steamId: bigint; resume: Resume; record: ConnectionRecord }> {
    const opened = await this.connections.open({
      ...facts,
      ...{ steamId: steamId.toString(), address, playing: 0, clan: null },
    });
    if (opened.replaced !== undefined) await this.#replace(steamId, opened.replaced);
    return { steamId, ...opened };
  }

  /** Somebody logged on in place of that connection. */
  async #replace(steamId: bigint, connection: string): Promise<void> {
    const lost = { event: 'lost', result: EResult.LogonSessionReplaced, retrying: false } as const;
    this.connections.say(steamId, lost);
    const record = await this.connections.close(connection);
    if (record?.kind === 'server') {
      await this.#endServer(steamId, connection, Response.AuthTicketCanceled);
      return;
    }
    this.tickets.forget(connection);
    await this.sessions.fail(
      steamId,
      Response.LoggedInElseWhere,
      (session) => session.connection === connection,
    );
  }

  async #resumePlayer(
    resume: Resume,
    logon: PlayerLogon,
    events: LinkEvents,
  ): Promise<LogonAnswer<PlayerLink>> {
    const record = await this.connections.resume(resume);
    if (record === 'wrong') this.#wrongKeys.wrong(logon.address);
    if (record === undefined || record === 'wrong' || record.kind !== 'player') {
      return refused(EResult.Expired);
    }
    const steamId = BigInt(record.steamId);
    const account = await this.accounts.get(steamId);
    if (account === undefined || account.locked) return refused(EResult.AccountDisabled);
    const opened = { steamId, resume, record };
    const link = new LocalPlayerLink(this, opened, logon.address, events, account.verified);
    return { ok: true, link };
  }

  async #proveServer(
    logon: ServerLogon,
  ): Promise<
    | { steamId: bigint; resumed?: undefined }
    | { steamId: bigint; resumed: Resume; record: ConnectionRecord }
    | Refusal
  > {
    let steamId: bigint | undefined;
    if (logon.token !== null) {
      const proven = await this.serverAccounts.prove(logon.token, logon.appId);
      if (!('steamId' in proven)) {
        if (proven.result === EResult.InvalidPassword) this.#wrongKeys.wrong(logon.address);
        return refused(proven.result, proven.retrying);
      }
      steamId = proven.steamId;
    } else if (this.options.anonymousServers === 'refused') return refused(EResult.AccessDenied);
    if (logon.resume !== undefined) {
      const record = await this.connections.resume(logon.resume);
      const fits = record !== undefined && record !== 'wrong' && record.kind === 'server';
      if (fits && (steamId === undefined || record.steamId === steamId.toString())) {
        return { steamId: BigInt(record.steamId), resumed: logon.resume, record };
      }
    }
    return { steamId: steamId ?? (await this.#newAnonymousId()) };
  }

  async #newAnonymousId(): Promise<bigint> {
    for (;;) {
      const [accountId = 0, instance = 0] = crypto.getRandomValues(new Uint32Array(2));
      const steamId = SteamID.from({
        universe: this.serverAccounts.universe,
        type: EAccountType.AnonGameServer,
        instance: instance & 0xfffff || 1,
        accountId: accountId || 1,
      }).value;
      if ((await this.tables.online.get(steamId.toString())) === undefined) return steamId;
    }
  }

  async #serverLink(
    opened: { steamId: bigint; resume: Resume; record: ConnectionRecord },
    logon: ServerLogon,
    events: ServerEvents,
    secure: boolean,
  ): Promise<LogonAnswer<ServerLink>> {
    return { ok: true, link: new LocalServerLink(this, opened, logon, events, secure) };
  }

  async #barred(address: string): Promise<Refusal | undefined> {
    if (this.#wrongKeys.refuses(address) || !this.#logons.take(toPeer(address))) {
      return refused(EResult.RateLimitExceeded, true);
    }
    const ban = await this.bans.findAddress(address);
    return ban === undefined ? undefined : refused(EResult.IPBanned);
  }

  /** A store that fails is an outage, never a refusal and never a crash. */
  async #guarded<L>(task: () => Promise<LogonAnswer<L>>): Promise<LogonAnswer<L>> {
    try {
      return await task();
    } catch (error) {
      this.#log.error({ err: error }, 'a logon failed inside the backend');
      return refused(EResult.ServiceUnavailable, true);
    }
  }

  async #gone(connection: string, record: ConnectionRecord): Promise<void> {
    const steamId = BigInt(record.steamId);
    if (record.kind === 'server') {
      await this.#endServer(steamId, connection, Response.UserNotConnectedToSteam);
    } else {
      await this.sessions.endAll(steamId);
      await this.#offline(steamId, connection);
    }
  }

  /** Whoever verified a ticket of that connection learns that its issuer is gone. */
  async #offline(steamId: bigint, connection: string): Promise<void> {
    this.tickets.forget(connection);
    await this.sessions.fail(
      steamId,
      Response.UserNotConnectedToSteam,
      (session) => session.connection === connection,
    );
  }

  async #endServer(
    steamId: bigint,
    connection: string,
    response: EAuthSessionResponse,
  ): Promise<void> {
    await this.sessions.endAll(steamId);
    for (const token of this.tickets.registeredBy(connection)) {
      await this.tickets.cancel(steamId, token);
    }
    this.tickets.forget(connection);
    await this.sessions.fail(steamId, response, (session) => session.connection === connection);
  }

  async #banned(steamId: bigint, appId: number, kind: 'vac' | 'game'): Promise<void> {
    const response = kind === 'vac' ? Response.VACBanned : Response.PublisherIssuedBan;
    await this.sessions.fail(
      steamId,
      response,
      (session) => session.secure && (appId === 0 || session.appId === appId),
    );
  }

  async #beat(): Promise<void> {
    await this.tables.nodes.set(this.#node, this.clock.now(), NODE_LIFETIME);
    await this.connections.adoptOrphans();
  }

  #later(ms: number, task: () => Promise<void>): void {
    const cancel = this.clock.after(ms, () => {
      const place = this.#endings.indexOf(cancel);
      if (place >= 0) this.#endings.splice(place, 1);
      this.#background(task());
    });
    this.#endings.push(cancel);
  }

  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#log.error({ err: error }, 'the backend could not finish its work');
    });
  }
}

const Response = EAuthSessionResponse;

/** What is no IP address shares one place in the limits. */
const toPeer = (address: string): PeerAddress =>
  PeerAddress.of(ipaddr.isValid(address) ? address : '0.0.0.0', 0);
