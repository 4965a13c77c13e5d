import type { Clock, Logger } from 'beaconry';
import { EAuthSessionResponse, type EResult, EServerMode } from 'beaconry/steam';
import { AccountRemoval } from './account-removal.js';
import { Accounts } from './accounts.js';
import { AntiCheatWatch } from './anti-cheat-watch.js';
import type { BackendOptions } from './backend-options.js';
import type { BackendParts } from './backend-parts.js';
import { BackendTables, type ConnectionRecord } from './backend-tables.js';
import { BackgroundWork } from './background-work.js';
import { BanEffects } from './ban-effects.js';
import { Connections } from './connections.js';
import { Departures } from './departures.js';
import { Groups } from './groups.js';
import { IssuedTickets } from './issued-tickets.js';
import { KeyedLock } from './keyed-lock.js';
import { LicenceEffects } from './licence-effects.js';
import { Licences } from './licences.js';
import type { LocalLink, OpenedConnection } from './local-link.js';
import { canonicalAddress, LogonGuard, orOutage } from './logon-guard.js';
import { MissedWords } from './missed-words.js';
import { NodeWords } from './node-words.js';
import { OwnershipTickets } from './ownership-tickets.js';
import { PlayerLogons } from './player-logons.js';
import type {
  AccountCreated,
  BanLookup,
  LinkEvents,
  LogonAnswer,
  PlayerLink,
  PlayerLogon,
  ServerEvents,
  ServerLink,
  ServerLogon,
  SteamBackend,
} from './public.js';
import { Reputations } from './reputations.js';
import { ServerAccounts } from './server-accounts.js';
import { ServerLogons } from './server-logons.js';
import { SessionRegistry } from './session-registry.js';
import { StoredBans } from './stored-bans.js';
import { TicketValidation } from './ticket-validation.js';

const { VACCheckTimedOut } = EAuthSessionResponse;
/** Until what another node let in meanwhile is looked at once more. */
const AGAIN = 5_000;
const SWEEP_INTERVAL = 600_000;
/** A node that says nothing for so long is dead, and others wait for its connections. */
const BEAT_INTERVAL = 30_000;
const NODE_LIFETIME = 3 * BEAT_INTERVAL;

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
  readonly guard: LogonGuard;
  readonly departures: Departures;
  readonly licenceEffects: LicenceEffects;
  readonly removal: AccountRemoval;
  readonly clock: Clock;
  readonly options: BackendOptions;
  readonly trustedKeys: readonly string[];
  /** Logons of one SteamID happen one after another, so that each knows whom it replaces. */
  readonly logonLock = new KeyedLock();
  readonly #playerLogons: PlayerLogons;
  readonly #serverLogons: ServerLogons;
  readonly #words: NodeWords;
  readonly #missed: MissedWords;
  readonly #work: BackgroundWork;
  readonly #log: Logger;
  readonly #node: string;

  constructor(parts: BackendParts) {
    const { store, clock, options } = parts;
    this.clock = clock;
    this.options = options;
    this.#log = parts.log;
    this.#work = new BackgroundWork(clock, parts.log);
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
      () => this.#words,
      parts.node,
      (connection, record) => this.departures.gone(connection, record),
      (connection) => this.tickets.forget(connection),
    );
    this.sessions = new SessionRegistry(
      this.tables,
      this.licences,
      new TicketValidation(
        this.tables,
        this.licences,
        this.bans,
        this.serverAccounts,
        options,
        clock,
        (steamId) => this.connections.current(steamId),
      ),
      this.reputations,
      clock,
      (to, said) => this.connections.say(to, said),
    );
    this.antiCheat = new AntiCheatWatch(options, clock, (steamId) =>
      this.sessions.fail(steamId, VACCheckTimedOut, ({ secure }) => secure),
    );
    this.guard = new LogonGuard(this.bans, clock);
    this.departures = new Departures(this, (ms, task) => this.#work.later(ms, task));
    this.licenceEffects = new LicenceEffects(this);
    this.removal = new AccountRemoval(this);
    this.#missed = new MissedWords(this);
    this.#words = new NodeWords(parts.bus, {
      link: (to, said, connection) => this.connections.hear(to, said, connection),
      alive: (steamId) => this.antiCheat.alive(steamId),
      licences: (steamId) => this.ownership.forget(steamId),
      missed: () => this.#work.later(0, () => this.#missed.catchUp()),
    });
    this.#playerLogons = new PlayerLogons(this);
    this.#serverLogons = new ServerLogons(this);
  }

  /** Takes up what a former process left; must be done before anybody logs on. */
  async start(): Promise<void> {
    await this.#missed.start();
    await this.#beat();
    await this.connections.recover();
    for (const { steamId, connection } of await this.sessions.orphans()) {
      this.#work.later(this.options.offlineGrace, () =>
        this.departures.offline(steamId, connection),
      );
    }
    this.#work.until(
      new BanEffects(this, this.#work).start(),
      this.clock.every(SWEEP_INTERVAL, () => this.#work.run(this.sweep())),
      this.clock.every(BEAT_INTERVAL, () => this.#work.run(this.#beat())),
    );
    if (this.options.antiCheatHeartbeat) this.#work.until(this.antiCheat.start());
  }

  close(): void {
    this.#work.end();
    this.#words.close();
    this.connections.shutDown();
  }

  /** Another node may be validating a ticket this moment and know nothing of the change yet: done once more later. */
  again(task: () => Promise<void>): void {
    if (this.#words.shared) this.#work.later(AGAIN, task);
  }

  /** Wherever the player plays, his anti-cheat is heard. */
  antiCheatAlive(steamId: bigint): void {
    if (this.#words.shared) this.#words.alive(steamId);
    else this.antiCheat.alive(steamId);
  }

  /** What every node keeps of the licences of an account is out of date. */
  licencesChanged(steamId: bigint): void {
    this.ownership.forget(steamId);
    this.#words.licences(steamId);
  }

  logOnPlayer(logon: PlayerLogon, events: LinkEvents): Promise<LogonAnswer<PlayerLink>> {
    const address = canonicalAddress(logon.address);
    return orOutage(this.#log, () => this.#playerLogons.logOn({ ...logon, address }, events));
  }

  logOnServer(logon: ServerLogon, events: ServerEvents): Promise<LogonAnswer<ServerLink>> {
    const address = canonicalAddress(logon.address);
    return orOutage(this.#log, () => this.#serverLogons.logOn({ ...logon, address }, events));
  }

  createAccount(
    address: string,
    name: string,
  ): Promise<{ readonly result: EResult; readonly account?: AccountCreated }> {
    return this.#playerLogons.createAccount(canonicalAddress(address), name);
  }

  /** Secure: mode 3, the app's policy allows it, the server is not banned. */
  async isSecure(steamId: bigint, appId: number, mode: number): Promise<boolean> {
    if (mode !== EServerMode.AuthenticationAndSecure) return false;
    const policy = await this.tables.policies.get(String(appId));
    return policy?.secure !== false && !(await this.serverAccounts.isBanned(steamId));
  }

  /** A link that was cut without a goodbye. */
  released(link: LocalLink): void {
    this.connections.release(link, link.record);
  }

  /** Removes what is over; runs by itself every ten minutes. */
  async sweep(): Promise<void> {
    for (const { steamId, appId } of await this.licences.sweep()) {
      await this.licenceEffects.changed(steamId, appId);
    }
    await this.storedBans.sweep();
    await this.removal.removeIdle();
  }

  /** A new connection for a SteamID; the one it replaces is told so. */
  async open(
    steamId: bigint,
    address: string,
    facts: Pick<ConnectionRecord, 'kind' | 'appId' | 'mode' | 'product' | 'gamePort' | 'anonymous'>,
  ): Promise<OpenedConnection> {
    const opened = await this.connections.open({
      ...facts,
      ...{ steamId: steamId.toString(), address, playing: 0, clan: null },
    });
    if (opened.replaced !== undefined) await this.departures.replaced(steamId, opened.replaced);
    return { steamId, ...opened };
  }

  async #beat(): Promise<void> {
    await this.tables.nodes.set(this.#node, this.clock.now(), NODE_LIFETIME);
    await this.connections.adoptOrphans();
  }
}
