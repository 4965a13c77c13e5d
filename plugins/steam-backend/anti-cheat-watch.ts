import type { Clock } from 'beaconry';
import type { BackendOptions } from './backend-options.js';

const CHECK_INTERVAL = 5_000;

/** Who plays on a secure server and whose anti-cheat is silent for too long (code 5). */
export class AntiCheatWatch {
  readonly #deadlines = new Map<bigint, number>();

  constructor(
    private readonly options: Pick<BackendOptions, 'antiCheatFirst' | 'antiCheatInterval'>,
    private readonly clock: Clock,
    private readonly onSilent: (steamId: bigint) => Promise<void>,
  ) {}

  start(): () => void {
    return this.clock.every(CHECK_INTERVAL, () => {
      const now = this.clock.monotonic();
      for (const [steamId, deadline] of this.#deadlines) {
        if (deadline > now) continue;
        this.#deadlines.delete(steamId);
        // The store has an outage: he is looked at again.
        this.onSilent(steamId).catch(() => this.#deadlines.set(steamId, deadline));
      }
    });
  }

  /** A session became valid on a secure server. */
  expect(steamId: bigint): void {
    const deadline = this.clock.monotonic() + this.options.antiCheatFirst;
    if (!this.#deadlines.has(steamId)) this.#deadlines.set(steamId, deadline);
  }

  alive(steamId: bigint): void {
    if (!this.#deadlines.has(steamId)) return;
    this.#deadlines.set(steamId, this.clock.monotonic() + this.options.antiCheatInterval);
  }

  forget(steamId: bigint): void {
    this.#deadlines.delete(steamId);
  }
}
