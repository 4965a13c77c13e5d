import { hostname } from 'node:os';
import { adminRoutes } from './admin/admin-routes.js';
import { AuditLog } from './admin/audit-log.js';
import { backupRoutes, type RestoreOutcome } from './admin/backup-routes.js';
import * as core from './admin/core-commands.js';
import { Forgetting } from './admin/forgetting.js';
import { Maintenance } from './admin/maintenance.js';
import { Backup } from './backup/backup.js';
import type { BusDriver } from './bus/bus.js';
import { claimNodeName } from './bus/node-name.js';
import { openBus } from './bus/open-bus.js';
import { RedisBus } from './bus/redis-bus.js';
import { type Clock, SystemClock } from './clock.js';
import { CommandRunner } from './commands/command-runner.js';
import type { ConfigSource } from './config/config-file.js';
import type { ServerConfig } from './config/server-config.js';
import { takeDataFolder } from './data-folder.js';
import { type ConfigError, messageOf, ServerError } from './errors.js';
import { EventHub } from './event-hub.js';
import { ServerStarted, ServerStopping } from './events.js';
import { addCoreRoutes } from './http/core-routes.js';
import type { Routes } from './http/routes.js';
import { openedLog, type ServerLog } from './log.js';
import type { Logger } from './logger.js';
import { MetricsRegistry } from './metrics.js';
import { chooseDriver, type OpenDriver } from './net/drivers/choose-driver.js';
import { packageInfo } from './package-info.js';
import type { ServerFacts } from './plugin.js';
import { type HostedCommand, PluginHost, type PluginState } from './plugin-host.js';
import { type PluginsAtHand, type Prepared, prepare } from './prepare.js';
import { type BoundEndpoint, ServerEndpoints } from './server-endpoints.js';
import { openStore } from './store/open-store.js';
import type { StoreDriver } from './store/store.js';
import { withTimeLimit } from './time-limit.js';
import type { ServiceToken } from './tokens.js';

export interface ServerOptions {
  readonly source: ConfigSource;
  readonly clock?: Clock;
  /** In place of the log that the configuration names. */
  readonly log?: Logger | ServerLog;
  readonly plugins?: PluginsAtHand;
  readonly openDriver?: OpenDriver;
  /** Spoil datagram views after their handler returned. */
  readonly poison?: boolean;
  /** Stops this server, puts a verified backup in place and starts another; for whoever owns the process. */
  readonly restore?: (file: string) => void;
  readonly lastRestore?: RestoreOutcome;
}

/** What was opened before anything is set up. */
interface OpenedParts {
  readonly log: ServerLog;
  readonly store: StoreDriver;
  readonly bus: BusDriver;
  readonly openDriver: OpenDriver;
  /** Gives the data folder back. */
  readonly releaseData: () => void;
  /** Gives the name of the node back. */
  readonly releaseName: () => Promise<void>;
}

/** What the ready line and the ready file say. */
export interface ReadyReport {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly endpoints: Readonly<Record<string, readonly BoundEndpoint[]>>;
  readonly plugins: Readonly<Record<string, PluginState>>;
}

/** Milliseconds that goodbyes may take, and open connections to flush. */
const STOPPING_LIMIT = 700;
const GRACE = 300;

/** One running node: configuration, endpoints and plugins from start to stop. */
export class Server {
  readonly clock: Clock;
  readonly facts: ServerFacts;
  readonly endpoints: ServerEndpoints;
  readonly metrics = new MetricsRegistry();
  readonly host: PluginHost;
  readonly commands: CommandRunner;
  readonly maintenance: Maintenance;
  readonly #forgetting = new Forgetting();
  readonly #log: ServerLog;
  readonly #events: EventHub;
  readonly #store: StoreDriver;
  readonly #releaseData: () => void;
  readonly #releaseName: () => Promise<void>;
  readonly #bus: BusDriver;
  readonly audit: AuditLog;
  #phase: 'starting' | 'ready' | 'stopping' = 'starting';

  private constructor(
    private readonly prepared: Prepared,
    private readonly options: ServerOptions,
    { log, store, bus, openDriver, releaseData, releaseName }: OpenedParts,
  ) {
    const { server: config, folder } = prepared.file;
    this.clock = options.clock ?? new SystemClock();
    this.#log = log;
    this.#events = new EventHub(log.log);
    this.#store = store;
    this.#releaseData = releaseData;
    this.#releaseName = releaseName;
    const node = config.node ?? hostname();
    this.#bus = bus;
    this.facts = {
      node,
      version: packageInfo.version,
      nodeAddress: config.nodeAddress,
      data: config.data,
      configFolder: folder,
      publicAddress: config.publicAddress,
      retention: config.retention,
    };
    const shared = this.metrics.prefixed('store');
    const up = (health: string | undefined) => (health === undefined ? 1 : 0);
    shared.gauge('up', 'Whether the store can be asked', () => up(store.health()));
    shared.gauge('bus_up', 'Whether words of other nodes arrive', () => up(bus.health()));
    if (bus instanceof RedisBus) {
      shared.total('bus_lost_total', 'Words that never left this node', () => bus.lost);
    }
    this.endpoints = new ServerEndpoints({
      config,
      version: packageInfo.version,
      clock: this.clock,
      log: log.log,
      metrics: this.metrics,
      openDriver,
      poison: options.poison ?? false,
    });
    const { udp, tcp, http, filters } = this.endpoints;
    this.audit = new AuditLog(store.namespace('audit'), this.clock, config.retention.audit);
    this.host = new PluginHost(
      {
        facts: this.facts,
        clock: this.clock,
        store,
        bus: this.#bus,
        metrics: this.metrics,
        events: this.#events,
        audit: this.audit,
        commands: {
          list: () => this.commands.list(),
          run: (...run) => this.commands.run(...run),
        },
        forgetting: this.#forgetting,
        filters,
        udp,
        tcp,
        http,
        log: (plugin) => log.forPlugin(plugin),
      },
      log.log,
    );
    this.maintenance = new Maintenance(store.namespace('core'), filters);
    this.#forgetting.add('audit', async ({ text }) => {
      const count = await this.audit.forget(text);
      return count === 0 ? undefined : `blanked in ${count} entries`;
    });
    this.commands = new CommandRunner(this.host.commands, this.audit, this.#coreCommands());
  }

  #coreCommands(): HostedCommand[] {
    const services = new Map<symbol, unknown>([
      [core.Forgetting, this.#forgetting],
      [core.Maintenance, this.maintenance],
    ]);
    const context = {
      name: 'core',
      log: this.log,
      clock: this.clock,
      store: this.#store.namespace('core'),
      get: <T>(token: ServiceToken<T>) => services.get(token) as T,
    };
    return core.coreCommands.map((command) => ({ plugin: 'core', command, context }));
  }

  /** Reads and checks everything, opens the store; throws {@link ConfigError} with every problem. */
  static async prepare(options: ServerOptions): Promise<Server> {
    const prepared = await prepare(options.source, options.plugins);
    const { server: config } = prepared.file;
    const log = openedLog(options.log, config.log);
    const openDriver = options.openDriver ?? (await chooseDriver(config.net, log.log));
    const releaseData = takeDataFolder(config.data);
    try {
      const clock = options.clock ?? new SystemClock();
      const store = await openStore(config.store, { clock, log: log.log, data: config.data });
      const node = config.node ?? hostname();
      let releaseName = async () => {};
      try {
        if (store.name === 'redis') {
          const names = store.namespace('nodes');
          releaseName = await claimNodeName(names, node, {
            clock: new SystemClock(),
            log: log.log,
          });
        }
        const bus = await openBus(store, { node, log: log.log });
        const parts = { log, store, bus, openDriver, releaseData, releaseName };
        return new Server(prepared, options, parts);
      } catch (error) {
        await releaseName();
        await store.close();
        throw error;
      }
    } catch (error) {
      releaseData();
      throw error;
    }
  }

  get config(): ServerConfig {
    return this.prepared.file.server;
  }

  get log(): Logger {
    return this.#log.log;
  }

  /** Sets plugins up and binds; a failure undoes all and is thrown. */
  async start(): Promise<ReadyReport> {
    try {
      await this.maintenance.load();
      await this.host.setUp(this.prepared.plugins);
      addCoreRoutes(this.endpoints.http, {
        config: this.prepared.file.server,
        metrics: this.metrics,
        log: this.log,
        clock: this.clock,
        data: this.facts.data,
        problems: () => this.problems(),
        limits: () => this.limits(),
        drivers: () => this.endpoints.drivers(),
      });
      this.#addAdmin();
      await this.endpoints.open();
    } catch (error) {
      await this.#undo();
      throw error;
    }
    this.#phase = 'ready';
    await this.#events.emit(ServerStarted, { node: this.facts.node });
    return this.report();
  }

  report(): ReadyReport {
    return {
      version: this.facts.version,
      node: this.facts.node,
      pid: process.pid,
      endpoints: this.endpoints.bound(),
      plugins: Object.fromEntries(this.host.states),
    };
  }

  /** Why this node should get no traffic now; empty when it is ready. */
  problems(): string[] {
    const problems: string[] = [];
    if (this.#phase !== 'ready') problems.push(`server is ${this.#phase}`);
    const maintenance = this.maintenance.problem();
    if (maintenance !== undefined) problems.push(maintenance);
    if (this.#store.name !== 'redis') problems.push(...this.#sharedProblems());
    for (const [name, state] of this.host.states) {
      if (state !== 'running') problems.push(`plugin ${name}: ${state}`);
    }
    return problems;
  }

  /**
   * What this node does without, though it serves. A lost redis is lost to all nodes alike: were they not ready for
   * it, a balancer would take away the whole community.
   */
  limits(): string[] {
    return this.#store.name === 'redis' ? this.#sharedProblems() : [];
  }

  #sharedProblems(): string[] {
    const store = this.#store.health();
    const bus = this.#bus.health();
    return [
      ...(store === undefined ? [] : [`store: ${store}`]),
      ...(bus === undefined ? [] : [`bus: ${bus}`]),
    ];
  }

  /** The service of a running plugin; for whoever embeds the server, and for tests. */
  service<T>(token: ServiceToken<T>): T {
    const service = this.host.service(token);
    if (service === undefined) {
      throw new ServerError('NO_SERVICE', `no running plugin provides ${token.description}`);
    }
    return service as T;
  }

  /** Says goodbye, drains, unloads in reverse, frees the ports. */
  async stop(): Promise<void> {
    if (this.#phase === 'stopping') return;
    this.#phase = 'stopping';
    const goodbyes = this.#events.emit(ServerStopping, { node: this.facts.node });
    await withTimeLimit(goodbyes, STOPPING_LIMIT, 'saying goodbye').catch((error) =>
      this.log.warn(messageOf(error)),
    );
    await this.#undo();
  }

  /**
   * Reads the file again. Plugins with `onReload` take their new section; what else changed needs a
   * restart and is returned. A wrong file changes nothing and is thrown.
   */
  async reload(): Promise<string[]> {
    this.#log.reopen();
    const next = await prepare(this.options.source, this.options.plugins);
    this.endpoints.certificates.renew();
    const before = this.prepared.file;
    const waiting: string[] = [];
    if (next.file.coreText() !== before.coreText()) waiting.push('settings outside "plugins"');
    const names = new Set([...before.plugins, ...next.file.plugins].map(({ name }) => name));
    for (const name of names) {
      if (next.file.sectionText(name) === (this.#sections.get(name) ?? before.sectionText(name))) {
        continue;
      }
      const loaded = next.plugins.find((plugin) => plugin.name === name);
      const taken = loaded !== undefined && this.host.reload(name, loaded.config);
      if (taken) this.#sections.set(name, next.file.sectionText(name));
      else waiting.push(`plugins.${name}`);
    }
    return waiting;
  }

  /** Opens the log file anew, after log rotation has moved it. */
  reopenLog(): void {
    this.#log.reopen();
  }

  /** What operators see and do, on the endpoint that is called `admin`. */
  #addAdmin(): void {
    const routes = adminRoutes({
      runner: this.commands,
      audit: this.audit,
      recent: this.#log.recent,
      endpoints: this.endpoints,
      report: () => this.report(),
    });
    const admin = this.endpoints.http.get('admin');
    admin?.add('core', routes, '/v1/admin');
    admin?.add('core', this.#backupRoutes(), '/v1/admin');
    this.#stopFading = this.clock.every(60_000, () => {
      for (const { heavySources } of this.endpoints.udp.values()) heavySources.fade();
    });
  }

  #backupRoutes(): Routes {
    const { clock, facts } = this;
    const parts = { store: this.#store, storeFile: this.config.store.path, clock, facts };
    const { restore, lastRestore } = this.options;
    return backupRoutes({ backup: new Backup(parts), audit: this.audit, restore, lastRestore });
  }

  /** Sections that were taken while running. */
  readonly #sections = new Map<string, string>();
  #stopFading: () => void = () => {};

  async #undo(): Promise<void> {
    this.#stopFading();
    this.endpoints.stopAccepting();
    await this.host.unload();
    await this.endpoints.close(GRACE);
    await this.#bus.close();
    await this.#releaseName();
    await this.#store.close();
    this.#releaseData();
    this.#log.flush();
  }
}
