import type { Clock } from 'beaconry';

/** Rally time: milliseconds since the epoch, or faster than that for demonstrations. */
export class RallyClock {
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    /** Wall time at which rally time and wall time were the same; kept in the store. */
    readonly origin: number,
    readonly timeScale: number,
  ) {}

  now(): number {
    return Math.round(this.origin + (this.clock.now() - this.origin) * this.timeScale);
  }
}
