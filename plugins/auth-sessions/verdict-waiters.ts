import { type Clock, ServerError } from 'beaconry';
import type { VerdictSignal } from './open-session.js';

interface Waiter {
  resolve(signal: VerdictSignal): void;
  reject(error: Error): void;
  cancel(): void;
}

/** Who waits for the verdict on whom. */
export class VerdictWaiters {
  readonly #waiters = new Map<bigint, Set<Waiter>>();
  constructor(private readonly clock: Pick<Clock, 'after'>) {}

  /** Rejects with code TIMEOUT, or SESSION_ENDED when the session ends first. */
  wait(steamId: bigint, timeout: number): Promise<VerdictSignal> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve,
        reject,
        cancel: this.clock.after(timeout, () => {
          this.#waiters.get(steamId)?.delete(waiter);
          const say = `no verdict on ${steamId} within ${timeout} ms; is the backend reachable?`;
          reject(new ServerError('TIMEOUT', say));
        }),
      };
      const waiters = this.#waiters.get(steamId) ?? new Set();
      this.#waiters.set(steamId, waiters.add(waiter));
    });
  }

  told(said: VerdictSignal): void {
    this.#settle(said.steamId, (waiter) => waiter.resolve(said));
  }

  ended(steamId: bigint): void {
    this.#settle(steamId, (waiter) =>
      waiter.reject(new ServerError('SESSION_ENDED', `the session of ${steamId} was ended`)),
    );
  }

  #settle(steamId: bigint, settle: (waiter: Waiter) => void): void {
    const waiters = this.#waiters.get(steamId);
    if (waiters === undefined) return;
    this.#waiters.delete(steamId);
    for (const waiter of waiters) {
      waiter.cancel();
      settle(waiter);
    }
  }
}
