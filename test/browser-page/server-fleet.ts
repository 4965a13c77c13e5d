import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FLEET_PORT } from './fleet-plan.js';
import type { FleetOrder } from './fleet-process.js';

type Report = { done?: string; failed?: string; joined?: number; answers?: number };

/** Game servers on loopback, in a process of their own so that their work is not counted as ours. */
export class ServerFleet {
  readonly #process: ChildProcess;

  /** `master`: port of the master on 127.0.0.1. */
  constructor(private readonly master: number) {
    this.#process = fork(fileURLToPath(new URL('fleet-process.js', import.meta.url)), {
      env: { ...process.env, FLEET_PORT: String(FLEET_PORT) },
    });
  }

  /** Resolves when all have sent their join. */
  async join(count: number, from = 0): Promise<void> {
    let joined = 0;
    const all = this.#until(({ joined: one }) => one !== undefined && ++joined === count);
    this.#order({ order: 'join', from, count, master: this.master });
    await all;
  }

  async leave(number: number): Promise<void> {
    const done = this.#until(({ done }) => done === 'leave');
    this.#order({ order: 'leave', number, master: this.master });
    await done;
  }

  /** Another number of players on a share of the servers, 0 to 1. */
  async change(share: number): Promise<void> {
    const done = this.#until(({ done }) => done === 'change');
    this.#order({ order: 'change', share });
    await done;
  }

  /** INFO answers that were sent since the start. */
  async answers(): Promise<number> {
    let count = 0;
    const told = this.#until(({ answers }) => {
      count = answers ?? 0;
      return answers !== undefined;
    });
    this.#process.send({ ask: 'answers' });
    await told;
    return count;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill();
    await gone;
  }

  #order(order: FleetOrder): void {
    this.#process.send(order);
  }

  #until(isThis: (report: Report) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const hear = (report: Report) => {
        const failed = report.failed;
        if (failed === undefined && !isThis(report)) return;
        this.#process.off('message', hear).off('exit', ended);
        if (failed === undefined) resolve();
        else reject(new Error(failed));
      };
      this.#process.on('message', hear);
      const ended = (code: number | null) => reject(new Error(`the fleet ended with ${code}`));
      this.#process.once('exit', ended);
    });
  }
}
