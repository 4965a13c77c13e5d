import type { Clock } from 'beaconry';

const RETRY_INTERVAL = 10_000;

/** Connections whose link is cut, and what happens when nobody resumes them in time. */
export class Graces {
  readonly #cancels = new Map<string, () => void>();
  #closed = false;

  constructor(private readonly clock: Pick<Clock, 'after'>) {}

  get closed(): boolean {
    return this.#closed;
  }

  has(connection: string): boolean {
    return this.#cancels.has(connection);
  }

  /** While the store has an outage the task is tried again. */
  start(connection: string, ms: number, task: () => Promise<void>): void {
    const cancel = this.clock.after(ms, () => {
      this.#cancels.delete(connection);
      task().catch(() => {
        if (!this.#closed) this.retry(connection, task);
      });
    });
    this.#cancels.set(connection, cancel);
  }

  retry(connection: string, task: () => Promise<void>): void {
    this.start(connection, RETRY_INTERVAL, task);
  }

  cancel(connection: string): void {
    this.#cancels.get(connection)?.();
    this.#cancels.delete(connection);
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
