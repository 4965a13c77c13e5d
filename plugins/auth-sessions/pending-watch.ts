import type { Clock, Logger } from 'beaconry';
import type { OpenSession } from './open-session.js';

/** Warns about sessions without a verdict: one timer, which runs when the oldest has waited too long. */
export class PendingWatch {
  #cancel: (() => void) | undefined;

  constructor(
    private readonly sessions: () => Iterable<OpenSession>,
    /** Milliseconds. */
    private readonly patience: number,
    private readonly clock: Pick<Clock, 'now' | 'after'>,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  /** A session was opened. */
  start(): void {
    if (this.#cancel !== undefined) return;
    const now = this.clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const session of this.sessions()) {
      if (session.state !== 'pending' || session.warned) continue;
      if (now - session.begun >= this.patience) this.#warn(session);
      else next = Math.min(next, session.begun + this.patience - now);
    }
    if (next === Number.POSITIVE_INFINITY) return;
    this.#cancel = this.clock.after(next, () => {
      this.#cancel = undefined;
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #warn(session: OpenSession): void {
    session.warned = true;
    const seconds = Math.round(this.patience / 1000);
    const say = `a ticket has no verdict after ${seconds} s; is the server logged on and its backend reachable?`;
    this.log.warn({ steamId: session.steamId.toString() }, say);
  }
}
