import { type Connection, relayBytes } from 'beaconry';
import type { EarlyBytes } from './early-bytes.js';

/** How long a side that is leaving may take to read what is still queued for it. */
const FLUSH_MS = 30_000;
/** How long a side that has got everything may keep its own direction open. */
const LINGER_MS = 2000;
const MAX_EARLY_CHUNKS = 64;

export interface PipeEndListener {
  /** It says and hears no more, though it may still be flushing: its place is free. */
  left(): void;
  /** Its connection has closed. */
  gone(): void;
}

/** One side of a pipe: reads until its partner is there only up to a limit, then hands every chunk on as it came. */
export class PipeEnd {
  #partner: PipeEnd | undefined;
  /** The handshake and what came behind it, for the partner. */
  #early: Buffer[] = [];
  #earlyBytes = 0;
  /** Chunks and bytes that the budget of all has counted. */
  #counted = { chunks: 0, bytes: 0 };
  #ended = false;
  /** Since when bytes wait for this side, or for its partner to come, without any progress. */
  #stalledSince: number | undefined;
  #stuckThen = 0;
  /** Since when nothing is left to deliver to this side, which is leaving; undefined before. */
  #deliveredSince: number | undefined;

  constructor(
    readonly connection: Connection,
    handshake: Buffer,
    early: Buffer,
    private readonly budget: EarlyBytes,
    private readonly listener: PipeEndListener,
  ) {
    connection.onData((chunk) => this.#keep(chunk));
    connection.onEnd(() => this.#end());
    connection.onClose(() => this.#close());
    this.#early.push(handshake);
    if (early.length > 0) this.#keep(early);
  }

  /** It says no more, so nobody can be joined with it. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** From now on each side gets the other's handshake and everything behind it. */
  static join(one: PipeEnd, other: PipeEnd): void {
    one.#partner = other;
    other.#partner = one;
    one.#attach();
    other.#attach();
  }

  #keep(chunk: Buffer): void {
    if (this.#ended) return;
    if (!this.budget.take(chunk)) {
      this.#sayNoMore();
      // Later, because whoever made this end does not know it yet.
      queueMicrotask(() => this.connection.destroy());
      return;
    }
    this.#counted.chunks++;
    this.#counted.bytes += chunk.length;
    this.#early.push(chunk);
    // Many tiny chunks would cost far more memory than their bytes.
    if (this.#early.length === MAX_EARLY_CHUNKS) this.#early = [Buffer.concat(this.#early)];
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes >= this.budget.limit) this.connection.pause();
  }

  #attach(): void {
    const partner = this.#partner;
    if (partner === undefined) return;
    partner.connection.write(Buffer.concat(this.#early));
    this.#forgetEarly();
    relayBytes(this.connection, partner.connection);
  }

  /** This side says no more: what it said is delivered, then both close. Alone it just leaves. */
  #end(): void {
    this.#partner?.leave();
    this.leave();
  }

  /** Delivers what is queued for this side, then closes it. */
  leave(): void {
    this.#sayNoMore();
    this.connection.end(FLUSH_MS);
  }

  #close(): void {
    this.#sayNoMore();
    this.#partner?.leave();
    this.listener.gone();
  }

  #sayNoMore(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#forgetEarly();
    this.listener.left();
  }

  #forgetEarly(): void {
    this.#early = [];
    this.budget.release(this.#counted.chunks, this.#counted.bytes);
    this.#counted = { chunks: 0, bytes: 0 };
  }

  /**
   * Closes the pair when this side has read nothing for `limitMs` although bytes wait for it. An end that sent
   * more than is kept for a partner who does not come goes the same way: paused, its death would not be seen.
   */
  checkStall(now: number, limitMs: number): void {
    if (this.#ended) {
      this.#linger(now);
      return;
    }
    const early = this.#partner === undefined && this.#earlyBytes >= this.budget.limit;
    const stuck = early ? this.#earlyBytes : this.connection.pending;
    if (stuck === 0 || this.#stalledSince === undefined || stuck !== this.#stuckThen) {
      this.#stalledSince = stuck === 0 ? undefined : now;
      this.#stuckThen = stuck;
      return;
    }
    if (now - this.#stalledSince < limitMs) return;
    this.connection.destroy();
    this.#partner?.connection.destroy();
  }

  /** A peer that ignores the end of the pipe is not waited for. */
  #linger(now: number): void {
    if (this.connection.pending > 0) return;
    this.#deliveredSince ??= now;
    if (now - this.#deliveredSince >= LINGER_MS) this.connection.destroy();
  }
}
