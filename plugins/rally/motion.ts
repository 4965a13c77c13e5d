/** Positions a second that are taken, and how many may come at once. */
const POSITION_RATE = 22;
const POSITION_BURST = 30;
/** A wheel that spins and a road that is wider than its middle line. */
const SPEED_MARGIN = 1.15;
/** Metres by which a position may be off. */
export const METRES_MARGIN = 20;

/** Metres per second of real time that a car is believed. */
export const believedSpeed = (maximumSpeed: number, timeScale: number): number =>
  maximumSpeed * SPEED_MARGIN * timeScale;

/**
 * What is believed of one car: how often it says where it is, and how far it gets in between. Times are monotonic
 * milliseconds of whoever listens, so that nobody's clock is believed.
 */
export class Motion {
  metres = 0;
  x = 0;
  y = 0;
  /** When it was there. */
  at: number;
  #budget = 0;
  /** Metres that the first position may be from where the road began. */
  #allowance: number | undefined;
  #tokens = POSITION_BURST;
  #refilled: number;

  constructor(
    /** Metres per second of real time. */
    readonly believed: number,
    now: number,
  ) {
    this.at = now;
    this.#refilled = now;
  }

  /** Whether one more position may come now. */
  mayCome(now: number): boolean {
    this.#tokens = Math.min(
      POSITION_BURST,
      this.#tokens + ((now - this.#refilled) * POSITION_RATE) / 1000,
    );
    this.#refilled = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** A road begins here for it; its first position may be so many metres from there. */
  begin(metres: number, x: number, y: number, allowance: number, now: number): void {
    this.metres = metres;
    this.x = x;
    this.y = y;
    this.at = now;
    this.#allowance = allowance;
  }

  /** Moves there, if the car can have come so far since it was heard. */
  move(metres: number, x: number, y: number, now: number): boolean {
    const kept = this.#allowance ?? Math.min(this.#budget, this.believed);
    const budget = kept + (this.believed * Math.max(0, now - this.at)) / 1000;
    const way = Math.max(
      Math.abs(metres - this.metres),
      Math.hypot(x - this.x, y - this.y) - METRES_MARGIN,
    );
    if (way > budget + METRES_MARGIN) return false;
    this.#allowance = undefined;
    this.#budget = budget - Math.min(way, budget);
    this.at = now;
    this.metres = metres;
    this.x = x;
    this.y = y;
    return true;
  }
}
