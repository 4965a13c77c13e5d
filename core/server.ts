import { serveAdmin } from './admin/admin-endpoint.js';
import { AuditLog } from './admin/audit-log.js';
import type { RestoreOutcome } from './admin/backup-routes.js';
import { hostedCoreCommands } from './admin/core-commands.js';
import { Forgetting } from './admin/forgetting.js';
import { Maintenance } from './admin/maintenance.js';
import { Backup } from './backup/backup.js';
import { type Clock, SystemClock } from './clock.js';
import { CommandRunner } from './commands/command-runner.js';
import type { ConfigSource } from './config/config-file.js';
import type { ServerConfig } from './config/server-config.js';
import { ConfigReload } from './config-reload.js';
import { type ConfigError, messageOf, ServerError } from './errors.js';
import { EventHub } from './event-hub.js';
import { ServerStarted, ServerStopping } from './events.js';
import { addCoreRoutes } from './http/core-routes.js';
import type { ServerLog } from './log.js';
import type { Logger } from './logger.js';
import { MetricsRegistry } from './metrics.js';
import type { OpenDriver } from './net/drivers/choose-driver.js';
import { OpenedParts } from './opened-parts.js';
import { packageInfo } from './package-info.js';
import type { ServerFacts } from './plugin.js';
import { PluginHost } from './plugin-host.js';
import { type PluginsAtHand, type Prepared, prepare } from './prepare.js';
import { Readiness } from './readiness.js';
import type { ReadyReport } from './ready-report.js';
import { ServerEndpoints } from './server-endpoints.js';
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
  readonly #events: EventHub;
  readonly #reload: ConfigReload;
  #stopFading: () => void = () => {};
  readonly audit: AuditLog;
  readonly readiness: Readiness;

  private constructor(
    private readonly prepared: Prepared,
    private readonly options: ServerOptions & { readonly clock: Clock },
    private readonly parts: OpenedParts,
  ) {
    const { server: config, folder } = prepared.file;
    const { node, log, store, bus, openDriver } = parts;
    this.clock = options.clock;
    this.#events = new EventHub(log.log);
    this.facts = {
      node,
      version: packageInfo.version,
      nodeAddress: config.nodeAddress,
      data: config.data,
      configFolder: folder,
      publicAddress: config.publicAddress,
      retention: config.retention,
    };
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
        bus,
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
    const { states } = this.host;
    const { maintenance } = this;
    this.readiness = new Readiness({ store, bus, maintenance, states, log: log.log });
    this.readiness.describe(this.metrics);
    this.#forgetting.add('audit', async ({ forms }) => {
      const count = await this.audit.forget(forms);
      return count === 0 ? undefined : `blanked in ${count} entries`;
    });
    const own = hostedCoreCommands({
      log: log.log,
      clock: this.clock,
      store: store.namespace('core'),
      forgetting: this.#forgetting,
      maintenance: this.maintenance,
    });
    this.commands = new CommandRunner(this.host.commands, this.audit, own);
    this.#reload = new ConfigReload(prepared.file, this.host);
  }

  /** Reads and checks everything, opens the store; throws {@link ConfigError} with every problem. */
  static async prepare(options: ServerOptions): Promise<Server> {
    const prepared = await prepare(options.source, options.plugins);
    const { clock = new SystemClock(), log, openDriver } = options;
    const parts = await OpenedParts.open(prepared.file.server, { clock, log, openDriver });
    return new Server(prepared, { ...options, clock }, parts);
  }

  get config(): ServerConfig {
    return this.prepared.file.server;
  }

  get log(): Logger {
    return this.parts.log.log;
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
        problems: () => this.readiness.problems(),
        limits: () => this.readiness.limits(),
        drivers: () => this.endpoints.drivers(),
      });
      this.#stopFading = this.#serveAdmin();
      await this.endpoints.open();
      this.readiness.watch();
    } catch (error) {
      await this.#undo();
      throw error;
    }
    this.readiness.phase = 'ready';
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
    if (this.readiness.phase === 'stopping') return;
    this.readiness.phase = 'stopping';
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
    this.parts.log.reopen();
    const next = await prepare(this.options.source, this.options.plugins);
    this.endpoints.certificates.renew();
    return this.#reload.apply(next);
  }

  /** Opens the log file anew, after log rotation has moved it. */
  reopenLog(): void {
    this.parts.log.reopen();
  }

  #serveAdmin(): () => void {
    const { clock, facts, endpoints, audit } = this;
    const { store, log } = this.parts;
    const { restore, lastRestore } = this.options;
    const storeFile = this.config.store.path;
    return serveAdmin({
      ...{ endpoints, audit, clock, restore, lastRestore },
      runner: this.commands,
      recent: log.recent,
      report: () => this.report(),
      backup: new Backup({ store, storeFile, clock, facts }),
    });
  }

  async #undo(): Promise<void> {
    this.readiness.unwatch();
    this.#stopFading();
    this.endpoints.stopAccepting();
    await this.host.unload();
    await this.endpoints.close(GRACE);
    await this.parts.close();
  }
}
