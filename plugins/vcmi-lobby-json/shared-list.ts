import type { Clock, GlobalLimit } from 'beaconry';
import { encodeMessage } from './lobby-json-codec.js';
import type { ServerMessage } from './message-schemas.js';
import type { OnlineAccount } from './online-account.js';

/** Lists go out at most this often, VCMI global lobby, section 8. */
export const LIST_INTERVAL_MS = 100;

/**
 * A list that every account has: sent at once when it changes, but seldom enough and within a budget of bytes;
 * who reads slowly gets the newest one when there is room again.
 */
export class SharedList {
  readonly #stale = new Set<OnlineAccount>();
  #bytes: Buffer | undefined;
  #builtAt = 0;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly budget: Pick<GlobalLimit, 'take'>,
    private readonly budgetBytes: number,
    private readonly build: () => ServerMessage,
  ) {}

  changed(accounts: Iterable<OnlineAccount>): void {
    this.#bytes = undefined;
    for (const account of accounts) this.#stale.add(account);
    this.flush();
  }

  /** To one account now if that is affordable, else with the next round. */
  sendTo(account: OnlineAccount): void {
    this.#stale.add(account);
    const bytes = this.#encode();
    if (this.#take(bytes.length)) this.#deliver(account, bytes);
  }

  /** To that account now if it lacks the newest. */
  catchUp(account: OnlineAccount): void {
    if (this.#stale.has(account)) this.sendTo(account);
  }

  /** Sends what was held back; call it every {@link LIST_INTERVAL_MS}. */
  flush(): void {
    if (this.#stale.size === 0) return;
    const now = this.clock.monotonic();
    if (now - this.#sentAt < LIST_INTERVAL_MS) return;
    this.#sentAt = now;
    const bytes = this.#encode();
    // Whoever had it last comes last: new ones join the set at its end.
    for (const account of this.#stale) {
      if (account.outlet.isCongested) continue;
      if (!this.#take(bytes.length)) return;
      this.#deliver(account, bytes);
    }
  }

  forget(account: OnlineAccount): void {
    this.#stale.delete(account);
  }

  #deliver(account: OnlineAccount, bytes: Buffer): void {
    this.#stale.delete(account);
    account.send(bytes);
  }

  #take(bytes: number): boolean {
    return this.budget.take(Math.min(bytes, this.budgetBytes));
  }

  /** Ages in it are right to the second. */
  #encode(): Buffer {
    const now = this.clock.monotonic();
    if (this.#bytes === undefined || now - this.#builtAt >= 1000) {
      this.#bytes = encodeMessage(this.build());
      this.#builtAt = now;
    }
    return this.#bytes;
  }
}
