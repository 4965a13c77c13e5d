import type { Hop } from './hop.js';

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
}
