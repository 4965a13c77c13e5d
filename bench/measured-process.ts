import { type ChildProcess, spawn } from 'node:child_process';
import { type EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pinned } from './pinned.js';
import { processTime } from './process-time.js';

/** What a process of `responders.ts` says when it is ready. */
export interface ResponderReady {
  readonly port: number;
  readonly driver: string;
}

/** A server in a process of its own, on the server's core, so that its CPU time can be told from that of the load. */
export class MeasuredProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    /** How it receives datagrams. */
    readonly driver: string,
  ) {}

  /** A role of `responders.ts`; its settings are given as JSON, options are those of Node. */
  static async responder(
    role: string,
    settings: object = {},
    options: readonly string[] = [],
  ): Promise<MeasuredProcess> {
    const script = fileURLToPath(new URL('responders.js', import.meta.url));
    const [program, args] = pinned('server', [
      process.execPath,
      '--enable-source-maps',
      ...options,
      script,
      role,
      JSON.stringify(settings),
    ]);
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [ready] = (await first(child, child, 'message')) as [ResponderReady];
    return new MeasuredProcess(child, ready.port, ready.driver);
  }

  /** A program that prints `ready PORT`. */
  static async program(command: readonly string[]): Promise<MeasuredProcess> {
    const [program, args] = pinned('server', command);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = (await first(child, child.stdout, 'data')) as [Buffer];
    return new MeasuredProcess(child, Number(/ready (\d+)/.exec(text.toString())?.[1]), 'C');
  }

  /** Microseconds of CPU so far. */
  cpu(): number {
    return processTime(this.child.pid ?? 0);
  }

  /** Asks a responder for figures of its own, such as its memory. */
  async ask<T>(word: string): Promise<T> {
    this.child.send(word);
    const [answer] = (await first(this.child, this.child, 'message')) as [T];
    return answer;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    if (this.child.connected) this.child.disconnect();
    else this.child.kill();
    await ended;
  }
}

/** The next event of an emitter; fails when the process ends before it, which nobody should wait for. */
async function first(
  child: ChildProcess,
  emitter: EventEmitter | null,
  event: string,
): Promise<unknown[]> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`a measured process ended with ${by ?? code}`);
  });
  try {
    return await Promise.race([once(emitter as EventEmitter, event, { signal }), ended]);
  } finally {
    ended.catch(() => {});
    waiting.abort();
  }
}
