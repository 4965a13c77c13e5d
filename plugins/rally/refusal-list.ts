import type { Logger } from 'beaconry';

export interface RefusalRecord {
  /** ISO 8601. */
  readonly at: string;
  /** Start number; 0 when not known. */
  readonly number: number;
  readonly reason: string;
  readonly detail: string;
}

const KEPT = 200;
/** Of one reason: a flood of one kind does not wash the others away. */
const KEPT_PER_REASON = 40;
/** Log lines of one rally in a second; the rest is counted. */
const LOG_RATE = 10;

/** What was refused lately and how often: bounded, so that a cheat cannot fill memory or log. */
export class RefusalList {
  readonly #kept: RefusalRecord[] = [];
  readonly counts = new Map<string, number>();
  #second = 0;
  #logged = 0;

  constructor(
    private readonly log: Pick<Logger, 'warn'>,
    private readonly now: () => number,
  ) {}

  get recent(): readonly RefusalRecord[] {
    return this.#kept;
  }

  count(reason: string): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
  }

  add(number: number, reason: string, detail: string): void {
    const now = this.now();
    this.count(reason);
    this.#kept.push({ at: new Date(now).toISOString(), number, reason, detail });
    const ofReason = this.#kept.filter((one) => one.reason === reason).length;
    if (ofReason > KEPT_PER_REASON) {
      this.#kept.splice(
        this.#kept.findIndex((one) => one.reason === reason),
        1,
      );
    } else if (this.#kept.length > KEPT) this.#kept.shift();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#logged = 0;
    }
    if (this.#logged++ < LOG_RATE) this.log.warn(`refused car ${number}: ${reason} (${detail})`);
  }
}
