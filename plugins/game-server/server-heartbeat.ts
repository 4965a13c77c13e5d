import type { Clock } from 'beaconry';

const DEFAULT = 30_000;
const SHORTEST = 250;
const LONGEST = 600_000;

/** Advertising and its timer (2.3): reports go out only while the server is advertised and logged on. */
export class ServerHeartbeat {
  /** What `setAdvertiseServerActive` said last. */
  advertised = false;
  /** Milliseconds in effect. */
  interval = DEFAULT;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Pick<Clock, 'every'>,
    private readonly loggedOn: () => boolean,
    private readonly beat: () => void,
  ) {}

  reset(): void {
    this.interval = DEFAULT;
  }

  /** -1 is the default; false for what is no interval. */
  setInterval(interval: number, unit: 'ms' | 's'): boolean {
    if (interval === 0 || interval < -1 || !Number.isFinite(interval)) return false;
    const wanted = interval === -1 ? DEFAULT : interval * (unit === 's' ? 1000 : 1);
    this.interval = Math.min(LONGEST, Math.max(SHORTEST, wanted));
    this.restart(false);
    return true;
  }

  restart(now: boolean): void {
    this.stop();
    if (!this.advertised || !this.loggedOn()) return;
    if (now) this.beat();
    this.#cancel = this.clock.every(this.interval, () => this.beat());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
