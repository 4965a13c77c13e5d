import { ServerError } from '../errors.js';
import type { RedisLink } from './redis-link.js';

const timeout = 500;

/**
 * Waits until replicas hold what was written, so that a replica that takes over knows every write that was
 * acknowledged. One WAIT is under way at a time and speaks for all writes sent before it.
 */
export class ReplicaConfirmation {
  /** Why the last wait failed. */
  failure: string | undefined;
  #next: Promise<void> | undefined;
  #current: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly link: Pick<RedisLink, 'client' | 'generation' | 'target'>,
    private readonly replicas: number,
  ) {}

  /** For a write that was sent in that generation of the connection; error `STORE_UNSURE`. */
  async confirm(generation: number): Promise<void> {
    this.#next ??= this.#wait();
    await this.#next;
    // WAIT on a new connection says nothing about what was written through the old one.
    if (this.link.generation !== generation) throw this.#unsure('the connection was lost');
  }

  async #wait(): Promise<void> {
    await this.#current.catch(() => {});
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#next = undefined;
    const asked = this.#ask();
    this.#current = asked;
    return asked;
  }

  async #ask(): Promise<void> {
    let held = 0;
    try {
      held = await this.link.client.wait(this.replicas, timeout);
    } catch (error) {
      throw this.#unsure(error instanceof Error ? error.message : String(error));
    }
    this.failure =
      held >= this.replicas
        ? undefined
        : `${held} of ${this.replicas} replicas of ${this.link.target.shown} keep up (store.replicas)`;
    if (this.failure !== undefined) throw this.#unsure(this.failure);
  }

  #unsure(reason: string): ServerError {
    return new ServerError(
      'STORE_UNSURE',
      `${reason}: what was written may be forgotten should another redis take over, so it does not count as done`,
    );
  }
}
