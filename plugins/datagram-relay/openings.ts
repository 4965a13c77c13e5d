import type { PeerAddress } from 'beaconry';
import type { Opening } from './opening.js';
import { Refusal } from './relay-codec.js';

const MAX_OPENINGS = 4096;
const LIFE = 65_000;

export interface OpeningsOptions {
  send(bytes: Uint8Array, to: PeerAddress): void;
  /** A JOIN leaves. */
  onJoin(): void;
}

/** Sessions that are being opened and the answers that were given: whoever asks again gets the same one. */
export class Openings {
  readonly #byName = new Map<string, Opening>();
  /** By the row that waits for JOIN_OK. */
  readonly #joining = new Map<number, Opening>();

  constructor(private readonly options: OpeningsOptions) {}

  get isFull(): boolean {
    return this.#byName.size >= MAX_OPENINGS;
  }

  sweep(now: number): void {
    for (const [name, opening] of this.#byName) {
      if (now - opening.at > LIFE) this.#byName.delete(name);
    }
  }

  find(name: string): Opening | undefined {
    return this.#byName.get(name);
  }

  /** One that is answered already. */
  add(name: string, opening: Opening): void {
    this.#byName.set(name, opening);
  }

  /** One that waits for what is ahead. */
  begin(name: string, opening: Opening): void {
    this.#byName.set(name, opening);
    this.#joining.set(opening.nextRow, opening);
    this.again(opening, opening.from);
  }

  /** The client asked again: the answer is sent again, or the JOIN. */
  again(opening: Opening, from: PeerAddress): void {
    const { send, onJoin } = this.options;
    if (!opening.from.equals(from)) return;
    if (opening.reply !== undefined) {
      send(opening.reply, from);
    } else if (opening.join !== undefined && opening.joinTo !== undefined) {
      if (!this.#joining.has(opening.nextRow)) {
        // The way ahead ended before it was joined.
        opening.reply = opening.refuse(Refusal.server, 'nobody ahead answered');
        send(opening.reply, from);
        return;
      }
      onJoin();
      send(opening.join, opening.joinTo);
    }
  }

  /** What waits for JOIN_OK of this row. */
  joining(row: number): Opening | undefined {
    return this.#joining.get(row);
  }

  /** The row got its JOIN_OK, or is gone. */
  joined(row: number): void {
    this.#joining.delete(row);
  }

  /** Rows ahead that wait for JOIN_OK on behalf of this one. */
  *ahead(row: number): Iterable<number> {
    for (const [next, opening] of this.#joining) if (opening.row === row) yield next;
  }
}
