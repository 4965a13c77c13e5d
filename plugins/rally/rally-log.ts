import type { Store } from 'beaconry';
import type { RallyEngine } from './rally-engine.js';
import type { RallyEvent } from './rally-event.js';

/** The events of one rally in the store; one after the other, each durable before it counts. */
export class RallyLog {
  #count = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly engine: RallyEngine,
  ) {}

  /** Applies what the store holds: a rally that was broken off continues. */
  async replay(): Promise<number> {
    let after = '';
    for (;;) {
      const page = await this.store.scan<RallyEvent>('event/', after === '' ? {} : { after });
      for (const [key, event] of page) {
        this.engine.apply(event);
        after = key;
        this.#count++;
      }
      if (page.length < 1000) return this.#count;
    }
  }

  /** Resolves when all that was appended so far is written and applied. */
  settled(): Promise<void> {
    return this.#tail;
  }

  /**
   * Writes the event, then applies it. `admit` is asked when its turn comes, as events before it may have changed
   * the rally; what it returns other than undefined is a refusal and nothing is written.
   */
  append<R>(event: RallyEvent, admit?: () => R | undefined): Promise<R | undefined> {
    const done = this.#tail.then(async () => {
      const refusal = admit?.();
      if (refusal !== undefined) return refusal;
      const key = `event/${String(this.#count).padStart(10, '0')}`;
      await this.store.set(key, event);
      this.#count++;
      this.engine.apply(event);
      return undefined;
    });
    this.#tail = done.then(
      () => {},
      () => {},
    );
    return done;
  }
}
