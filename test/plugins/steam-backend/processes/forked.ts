import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A process of its own that answers questions; `kill` is SIGKILL. */
export class Forked {
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  readonly #child: ChildProcess;

  private constructor(script: string, argument: object) {
    const file = new URL(script, import.meta.url);
    this.#child = fork(file, [JSON.stringify(argument)], { serialization: 'advanced' });
    this.#child.on('message', (said: { id: number; result?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(said.id);
      this.#waiting.delete(said.id);
      if (said.error === undefined) waiting?.resolve(said.result);
      else waiting?.reject(new Error(said.error));
    });
    this.#child.on('exit', (code, signal) => {
      const error = new Error(`${script} ended: ${code ?? signal}`);
      for (const waiting of this.#waiting.values()) waiting.reject(error);
    });
  }

  /** The process is noted in `started` before it answers, so that it is ended whatever happens. */
  static async start(script: string, argument: object, started: Forked[]): Promise<Forked> {
    const forked = new Forked(script, argument);
    started.push(forked);
    await new Promise((resolve, reject) => forked.#waiting.set(0, { resolve, reject }));
    return forked;
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers of another process, checked by the test.
  ask(call: string, ...args: unknown[]): Promise<any> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, call, args }, (error) => {
        if (error !== null) reject(error);
      });
    });
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#waiting.clear();
    this.#child.kill('SIGKILL');
    await exit;
  }
}
