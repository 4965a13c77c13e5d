import type { Clock } from '../clock.js';

/** A sample that took longer than this says too little about the present. */
const longestTrip = 250;

/**
 * The time by which entries end: that of the Redis server, since clocks of nodes differ and jump. It is measured with
 * every beat and counted on by the monotonic clock.
 */
export class RedisTime {
  #offset: number | undefined;

  constructor(private readonly clock: Clock) {}

  now(): number {
    return this.#offset === undefined
      ? this.clock.now()
      : Math.round(this.clock.monotonic() + this.#offset);
  }

  /** The answer to TIME, which was asked for at `sent` and came at `received` by the monotonic clock. */
  measured(
    [seconds, microseconds]: readonly [string, string],
    sent: number,
    received: number,
  ): void {
    if (received - sent > longestTrip && this.#offset !== undefined) return;
    this.#offset = Number(seconds) * 1000 + Number(microseconds) / 1000 - (sent + received) / 2;
  }
}
