import type { Hop } from './hop.js';

/** What takes longer is no answer but a stray. */
const MOST_RTT = 10_000;

/** One way to the far agent. */
export class Path {
  rtt = 0;
  /** Pings since the last packet came. */
  unanswered = 0;
  pingedAt = Number.NEGATIVE_INFINITY;
  /** Pings that came back. */
  answered = 0;
  sent = 0;
  lost = 0;
  draining = false;
  constructor(
    readonly hop: Hop,
    /** Relays of the way, for people and for choosing another one. */
    readonly relays: readonly string[],
    readonly openedAt: number,
  ) {}

  /** A ping goes this way. */
  pinged(now: number): void {
    this.pingedAt = now;
    this.unanswered++;
    this.sent++;
  }

  /** A ping of that time came back; the time is of 32 bits. */
  ponged(time: number, now: number): void {
    this.answered++;
    const rtt = (Math.floor(now) - time) >>> 0;
    if (rtt < MOST_RTT) this.rtt = this.rtt === 0 ? rtt : this.rtt * 0.75 + rtt * 0.25;
  }
}
