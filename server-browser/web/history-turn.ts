import { randomBytes } from 'node:crypto';
import type { Store } from 'beaconry';

const key = 'recorder';
/** A node that has not been heard for so long leaves the writing to another one. */
const lease = 15_000;
export const turnInterval = 5000;

/** Every node measures, and one of them writes the history down, so that each measurement stands in it once. */
export class HistoryTurn {
  readonly #run = randomBytes(9).toString('base64url');
  #isMine: boolean;

  constructor(
    private readonly store: Store,
    private readonly shared: boolean,
  ) {
    this.#isMine = !shared;
  }

  /** Whether this node writes. */
  get isMine(): boolean {
    return this.#isMine;
  }

  /** Keeps the turn, or takes it when nobody has it; call it every `turnInterval`. */
  async look(): Promise<void> {
    if (!this.shared) return;
    try {
      const holder = await this.store.get<string>(key);
      if (holder === undefined) {
        this.#isMine = await this.store.setIfAbsent(key, this.#run, { ttl: lease });
      } else {
        this.#isMine = holder === this.#run;
        if (this.#isMine) await this.store.set(key, this.#run, { ttl: lease });
      }
    } catch {
      // While the store is away nothing can be written anyway.
    }
  }
}
