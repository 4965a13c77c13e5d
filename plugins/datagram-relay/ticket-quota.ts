import { AddressLimit, type Clock, PeerAddress } from 'beaconry';
import { readWord } from './data-codec.js';
import { Refusal, sha256 } from './relay-codec.js';
import { Refusing } from './ticket-judge.js';

const SESSIONS = 2;
const OPENS_PER_MINUTE = 10;

/** How much one ticket may open: ten sessions a minute, two at a time. */
export class TicketQuota {
  /** Rows of each ticket, oldest first. */
  readonly #rows = new Map<string, number[]>();
  readonly #tickets = new Map<number, string>();
  readonly #limit: AddressLimit;
  readonly #key = new PeerAddress();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#limit = new AddressLimit(clock, {
      size: 8192,
      perSecond: OPENS_PER_MINUTE / 60,
      burst: OPENS_PER_MINUTE,
    });
  }

  has(row: number): boolean {
    return this.#tickets.has(row);
  }

  /** Pays for a session in this row; gives the older ones that have to go. */
  take(ticket: Uint8Array, row: number): readonly number[] {
    const hash = sha256(ticket);
    this.#key.set(readWord(hash, 0), readWord(hash, 4), readWord(hash, 8), readWord(hash, 12), 0);
    if (!this.#limit.take(this.#key)) {
      throw new Refusing(Refusal.busy, 'ticket opens too many sessions');
    }
    const name = Buffer.from(hash).toString('base64');
    const known = this.#rows.get(name) ?? [];
    this.#rows.set(name, [...known, row]);
    this.#tickets.set(row, name);
    return known.slice(0, 1 - SESSIONS);
  }

  forget(row: number): void {
    const ticket = this.#tickets.get(row);
    if (ticket === undefined) return;
    this.#tickets.delete(row);
    const rows = (this.#rows.get(ticket) ?? []).filter((one) => one !== row);
    if (rows.length === 0) this.#rows.delete(ticket);
    else this.#rows.set(ticket, rows);
  }
}
