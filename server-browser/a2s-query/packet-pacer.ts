import type { QueryClock } from './query-socket.js';

/** Lets tasks through at a rate, in order; the first `burst` at once. */
export class PacketPacer {
  readonly #waiting: (() => void)[] = [];
  #next = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #head = 0;

  constructor(
    private readonly clock: QueryClock,
    private readonly perSecond: number,
    private readonly burst: number,
  ) {}

  /** Runs the task now or when its turn comes. */
  schedule(task: () => void): void {
    this.#waiting.push(task);
    if (this.#cancel === undefined) this.#run();
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting.length = 0;
    this.#head = 0;
  }

  #run(): void {
    this.#cancel = undefined;
    const interval = 1000 / this.perSecond;
    for (;;) {
      const task = this.#waiting[this.#head];
      if (task === undefined) break;
      const now = this.clock.monotonic();
      this.#next = Math.max(this.#next, now - interval * (this.burst - 1));
      if (this.#next > now) {
        this.#cancel = this.clock.after(Math.ceil(this.#next - now), () => this.#run());
        return;
      }
      this.#next += interval;
      this.#head++;
      task();
    }
    this.#waiting.length = 0;
    this.#head = 0;
  }
}
