import type { Clock, Logger } from 'beaconry';

const RETRY_INTERVAL = 10_000;

/** What the backend does with nobody waiting for it; all of it ends with the backend. */
export class BackgroundWork {
  readonly #endings: (() => void)[] = [];

  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    private readonly log: Pick<Logger, 'error'>,
  ) {}

  /** Runs with `end`. */
  until(...endings: readonly (() => void)[]): void {
    this.#endings.push(...endings);
  }

  /** Tried again until it succeeds. */
  later(ms: number, task: () => Promise<void>): void {
    const cancel = this.clock.after(ms, () => {
      const place = this.#endings.indexOf(cancel);
      if (place >= 0) this.#endings.splice(place, 1);
      task().catch((error: unknown) => {
        this.log.error({ err: error }, 'the backend could not finish its work and tries again');
        this.later(RETRY_INTERVAL, task);
      });
    });
    this.#endings.push(cancel);
  }

  run(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.log.error({ err: error }, 'the backend could not finish its work');
    });
  }

  end(): void {
    for (const end of this.#endings.splice(0)) end();
  }
}
