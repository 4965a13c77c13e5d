import { type ChildProcess, spawn } from 'node:child_process';
import { type FSWatcher, watch } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
/** Milliseconds of quiet after a change; editors write a file in several steps. */
const quiet = 30;
/** Milliseconds until a server that does not stop is ended. */
const stopLimit = 3000;
/** What the server writes itself, or what no plugin is made of. */
const ignored =
  /(^|[\\/])(node_modules|data|\.git|tests?)([\\/]|$)|\.(db|db-wal|db-shm|lock|token|log|tgz|part|md)$|~$/;

/** Runs the `beaconry` command as a child, and again whenever a file below a folder changes. */
export class RestartingServer {
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #changed: string | undefined;
  #ending = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly folder: string,
    private readonly args: readonly string[],
  ) {}

  /** Until a signal ends it. */
  async run(): Promise<void> {
    const watcher = watch(this.folder, { recursive: true }, (_event, file) => this.#seen(file));
    watcher.on('error', (error) => say(`cannot watch ${this.folder}: ${error.message}`));
    this.#start();
    await new Promise<void>((resolve) => {
      const end = () => {
        if (this.#ending) {
          this.#child?.kill('SIGKILL');
          process.exit(1);
        }
        this.#ending = true;
        void this.#finish(watcher).then(resolve);
      };
      process.on('SIGINT', end).on('SIGTERM', end);
    });
    process.exit(0);
  }

  #seen(file: string | null): void {
    if (file === null || ignored.test(file)) return;
    this.#changed = file;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#turn = this.#turn.then(() => this.#restart());
    }, quiet);
  }

  async #restart(): Promise<void> {
    if (this.#ending || this.#changed === undefined) return;
    say(`${this.#changed} changed: starting again`);
    this.#changed = undefined;
    await this.#stop();
    if (!this.#ending) this.#start();
  }

  #start(): void {
    const child = spawn(process.execPath, ['--enable-source-maps', MAIN, ...this.args], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    this.#child = child;
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (!this.#ending) say(`the server ended (${code ?? signal}): waiting for a change`);
    });
  }

  /** The store is one process's at a time: the next one starts when this one has gone. */
  async #stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), stopLimit);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  async #finish(watcher: FSWatcher): Promise<void> {
    clearTimeout(this.#timer);
    watcher.close();
    await this.#turn;
    await this.#stop();
  }
}

const say = (text: string) => process.stderr.write(`beaconry dev: ${text}\n`);
