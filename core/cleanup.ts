import { messageOf } from './errors.js';

export type CleanupTask = () => void | Promise<void>;

/** What must be undone, in reverse order; one failure does not stop the rest. */
export class Cleanup {
  readonly #tasks: CleanupTask[] = [];
  #ran = false;

  /** After `run` a task is run at once, so that late registrations leak nothing. */
  add(task: CleanupTask): void {
    if (this.#ran) void Promise.resolve().then(task);
    else this.#tasks.push(task);
  }

  /** Runs every task once and returns what they threw. */
  async run(): Promise<Error[]> {
    this.#ran = true;
    const errors: Error[] = [];
    for (let task = this.#tasks.pop(); task !== undefined; task = this.#tasks.pop()) {
      try {
        await task();
      } catch (error) {
        errors.push(error instanceof Error ? error : new Error(messageOf(error)));
      }
    }
    return errors;
  }
}
