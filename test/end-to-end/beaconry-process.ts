import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ReadyReport } from '../../core/ready-report.js';
import { freePorts } from './free-ports.js';

const MAIN = fileURLToPath(new URL('../../core/cli/main.js', import.meta.url));

/** How a process ended, and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `beaconry` command as a process of its own; `kill()` in `afterEach` ends what a failed test left. */
export class BeaconryProcess {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  constructor(
    args: readonly string[],
    options: {
      cwd?: string;
      env?: Readonly<Record<string, string>>;
      main?: string;
      /** A command that runs the rest, such as the way into a network namespace. */
      within?: readonly string[];
    } = {},
  ) {
    const whole = [...(options.within ?? []), process.execPath, options.main ?? MAIN, ...args];
    this.#child = spawn(whole[0] as string, whole.slice(1), {
      cwd: options.cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) =>
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }),
      );
    });
  }

  /** Waits for the ready line; fails when the process ends before it. */
  async ready(): Promise<ReadyReport> {
    const found = this.waitFor(/^beaconry ready (.*)$/m);
    const ended = this.ended.then(({ code, stderr }) => {
      throw new Error(`ended with ${code} before it was ready: ${stderr}`);
    });
    const match = await Promise.race([found, ended]);
    return JSON.parse(match[1] ?? '') as ReadyReport;
  }

  /** Waits until the output has a match. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#watch('stdout', pattern);
  }

  /** Waits until the log has a match. */
  logged(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#watch('stderr', pattern);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    return this.ended;
  }

  #watch(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      const look = () => {
        const match = pattern.exec(this[stream]);
        if (match === null) return;
        this.#child[stream]?.off('data', look);
        resolve(match);
      };
      this.#child[stream]?.on('data', look);
      look();
    });
  }
}

export interface RunningDemo {
  readonly process: BeaconryProcess;
  readonly report: ReadyReport;
  /** `host:port` of endpoints. */
  readonly game: string;
  readonly master: string;
  readonly http: string;
}

/**
 * The demo on free ports, with its data in the folder; ready when its game server is listed. `main` is the
 * command of another installation.
 */
export async function startDemo(folder: string, main = MAIN): Promise<RunningDemo> {
  const [game, master] = await freePorts(2, 'udp');
  const [http, admin] = await freePorts(2, 'tcp');
  const set = [
    `endpoints.http.http=127.0.0.1:${http}`,
    `endpoints.admin.http=127.0.0.1:${admin}`,
    `endpoints.game.udp=127.0.0.1:${game}`,
    `endpoints.master.udp=127.0.0.1:${master}`,
    // Nobody outside needs to know these.
    ...['lobby', 'lobby-json', 'relay', 'signaling'].map(
      (name) => `endpoints.${name}.tcp=127.0.0.1:0`,
    ),
    'endpoints.datagrams.udp=127.0.0.1:0',
    `plugins.heartbeat.masters=[127.0.0.1:${master}]`,
  ];
  const process = new BeaconryProcess(['demo', ...set.flatMap((entry) => ['--set', entry])], {
    cwd: folder,
    main,
  });
  const report = await process.ready();
  const addresses = {
    game: `127.0.0.1:${game}`,
    master: `127.0.0.1:${master}`,
    http: `127.0.0.1:${http}`,
  };
  await listed(addresses.http, 1);
  return { process, report, ...addresses };
}

/** Waits until the page lists so many servers; fails after five seconds. */
export async function listed(http: string, count: number): Promise<void> {
  const deadline = performance.now() + 5000;
  while (performance.now() < deadline) {
    const response = await fetch(`http://${http}/v1/servers`);
    const { items } = (await response.json()) as { items: unknown[] };
    if (items.length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the list did not come to ${count} servers`);
}
