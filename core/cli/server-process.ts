import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { RestoreOutcome } from '../admin/backup-routes.js';
import { applyBackup } from '../backup/restore.js';
import type { ConfigSource } from '../config/config-file.js';
import { takeDataFolder } from '../data-folder.js';
import { messageOf } from '../errors.js';
import type { ReadyReport } from '../ready-report.js';
import { Server } from '../server.js';
import { withTimeLimit } from '../time-limit.js';
import { EXIT, exitCodeOf } from './exit-code.js';
import { ServiceManager } from './service-manager.js';

export interface RunOptions {
  readonly source: ConfigSource;
  readonly readyFile?: string;
  readonly poison?: boolean;
  /** Called after the ready line. */
  readonly onReady?: (report: ReadyReport) => void;
}

/** Milliseconds that a start may still take once a stop was asked for. */
const STARTING_LIMIT = 500;

/** One process that runs a server until a signal ends it; a restore ends it too, and starts the next one. */
export class ServerProcess {
  #server: Server | undefined;
  #started: Promise<void> = Promise.resolve();
  #stopping = false;
  #restoring: Promise<void> | undefined;
  #lastRestore: RestoreOutcome | undefined;
  readonly #serviceManager = new ServiceManager(process.env);

  constructor(private readonly options: RunOptions) {}

  /** Returns when the server is ready; the process exits with the code of the contract. */
  async run(): Promise<void> {
    try {
      await this.#prepare();
    } catch (error) {
      fail(error);
      return;
    }
    const stop = () => this.#stop();
    process.on('SIGTERM', stop).on('SIGINT', stop);
    process.on('SIGHUP', () => void this.#reload());
    if (process.platform !== 'win32') process.on('SIGUSR2', () => this.#server?.reopenLog());
    const crash = (error: unknown) => {
      this.#server?.log.fatal({ err: error }, `unexpected: ${messageOf(error)}`);
      process.exit(EXIT.failed);
    };
    process.on('uncaughtException', crash).on('unhandledRejection', crash);
    this.#started = this.#start().catch((error) => {
      if (this.#stopping) this.#server?.log.warn(`the start ended early: ${messageOf(error)}`);
      else fail(error);
    });
    await this.#started;
  }

  async #prepare(): Promise<void> {
    const { source, poison = false } = this.options;
    this.#server = await Server.prepare({
      source,
      poison,
      restore: (file) => {
        this.#restoring = this.#restore(file);
      },
      ...(this.#lastRestore === undefined ? {} : { lastRestore: this.#lastRestore }),
    });
  }

  async #start(): Promise<void> {
    const report = await this.#server?.start();
    if (this.#stopping || this.#server === undefined || report === undefined) return;
    announce(report, this.options);
    void this.#serviceManager.ready(statusOf(report), this.#server.log);
  }

  #stop(): void {
    if (this.#stopping) process.exit(EXIT.failed);
    this.#stopping = true;
    const server = this.#server;
    const told = server === undefined ? undefined : this.#serviceManager.stopping(server.log);
    // A stop in the middle of a start is a stop too; a plugin that is still being set up cannot hold it up.
    void withTimeLimit(this.#started, STARTING_LIMIT, 'starting')
      .catch(() => undefined)
      // Half a restore is the one thing that a stop waits for.
      .then(() => this.#restoring)
      .then(() => this.#server?.stop())
      .then(() => told)
      .then(() => process.exit(EXIT.stopped));
  }

  async #reload(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    void this.#serviceManager.reloading(server.log);
    try {
      const waiting = await server.reload();
      server.log.info(
        waiting.length === 0
          ? 'configuration reloaded'
          : `restart needed for: ${waiting.join(', ')}`,
      );
    } catch (error) {
      server.log.error(`configuration not reloaded, nothing changed:\n${messageOf(error)}`);
    }
    void this.#serviceManager.ready(statusOf(server.report()), server.log);
  }

  /** The backup was verified; when the server cannot start with it, everything is as before. */
  async #restore(file: string): Promise<void> {
    const server = this.#server;
    if (server === undefined || this.#stopping) return;
    const { log } = server;
    const { data, store } = server.config;
    log.warn('restoring a backup: stopping, and starting again with its content');
    let takeBack = () => {};
    try {
      await server.stop();
      const release = takeDataFolder(data);
      try {
        takeBack = await applyBackup(file, { data, storeFile: store.path, log });
      } finally {
        release();
      }
      this.#lastRestore = outcome('restored', 'the content of the backup is in use');
      await this.#prepare();
      await this.#start();
      this.#server?.log.info('restored');
    } catch (error) {
      log.error(`the backup was not restored, what was there is in use again: ${messageOf(error)}`);
      this.#lastRestore = outcome('failed', messageOf(error));
      await this.#server?.stop();
      takeBack();
      await this.#prepare().then(() => this.#start(), fail);
    } finally {
      rmSync(file, { force: true });
      this.#restoring = undefined;
    }
  }
}

function statusOf({ plugins }: ReadyReport): string {
  const states = Object.values(plugins);
  const running = states.filter((state) => state === 'running').length;
  return `${running} of ${states.length} plugins running`;
}

const outcome = (state: RestoreOutcome['state'], message: string): RestoreOutcome => ({
  state,
  message,
  at: new Date().toISOString(),
});

/** Runs a server until a signal ends it. */
export const runServer = (options: RunOptions): Promise<void> => new ServerProcess(options).run();

function announce(report: ReadyReport, { readyFile, onReady }: RunOptions): void {
  const json = JSON.stringify(report);
  if (readyFile !== undefined) {
    // A reader must never see half of it.
    writeFileSync(`${readyFile}.part`, `${json}\n`);
    renameSync(`${readyFile}.part`, readyFile);
  }
  process.stdout.write(`beaconry ready ${json}\n`);
  onReady?.(report);
}

/** Prints what is wrong and ends the process with the code that tells which kind of wrong it is. */
export function fail(error: unknown): void {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(exitCodeOf(error));
}
