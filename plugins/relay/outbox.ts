import type { Connection } from 'beaconry';
import { WaitingBytes } from './waiting-bytes.js';

/**
 * Most that is written at once. A system reports a write only when all of it was taken, so this is also
 * what a slow peer must read within the stall time to count as alive.
 */
const PIECE = 256 * 1024;

/** Runs that are smaller than this on average are copied together rather than written side by side. */
const FEW_BYTES = 2048;

export interface OutboxLimits {
  /** Bytes that may wait for one peer. */
  readonly bytes: number;
  /** Frames that may wait for one peer. */
  readonly frames: number;
}

/** What waits for all peers together; one budget of the whole relay. */
export interface QueueBudget {
  queued: number;
  readonly limit: number;
  /** The chunk that is being handled: it is only lent, so what has to wait of it is copied. */
  lent: Buffer | undefined;
}

/**
 * Frames on their way to one peer. What is added while one chunk of a sender is handled is gathered and
 * leaves as one write; while the peer does not read, frames wait in a queue bounded in bytes and frames.
 */
export class Outbox {
  /** The runs gathered since the last flush: `bytes[start, end)` each. */
  readonly #bytes: Buffer[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #gathered = 0;
  #gatheredFrames = 0;
  readonly #waiting = new WaitingBytes();
  #blocked = false;
  /** Bytes that the connection had not taken when it began to block; they count as queued until it has. */
  #inFlight = 0;
  /** Bytes handed to the connection, and how many of them it had sent when last asked. */
  #written = 0;
  #taken = -1;
  #progressAt = 0;

  constructor(
    private readonly connection: Connection,
    private readonly limits: OutboxLimits,
    private readonly budget: QueueBudget,
  ) {}

  /** Bytes that the peer has not taken yet. */
  get size(): number {
    return this.#gathered + this.#waiting.bytes + this.connection.pending;
  }

  /** Bytes added since the last flush. */
  get gathered(): number {
    return this.#gathered;
  }

  /** Bytes that wait in the queue. */
  get waiting(): number {
    return this.#waiting.bytes;
  }

  /** Is there room for one more frame of that many bytes? */
  fits(bytes: number): boolean {
    return (
      this.size + bytes <= this.limits.bytes &&
      this.#waiting.frames + this.#gatheredFrames < this.limits.frames &&
      (!this.#blocked || this.budget.queued + this.#gathered + bytes <= this.budget.limit)
    );
  }

  /** Adds the next part of a frame; but for those of the chunk that is lent, the bytes must not change afterwards. */
  add(bytes: Buffer, start: number, end: number): void {
    const last = this.#bytes.length - 1;
    if (last >= 0 && this.#bytes[last] === bytes && this.#ends[last] === start) {
      this.#ends[last] = end;
    } else {
      this.#bytes.push(bytes);
      this.#starts.push(start);
      this.#ends.push(end);
    }
    this.#gathered += end - start;
  }

  /** Counts the frame whose parts were added. */
  endFrame(): void {
    this.#gatheredFrames++;
  }

  /** What was gathered stays a while: it is copied where it is only lent. */
  keep(): void {
    const { lent } = this.budget;
    for (let i = 0; i < this.#bytes.length; i++) {
      if (this.#bytes[i] !== lent) continue;
      const own = Buffer.from(this.#run(i));
      this.#bytes[i] = own;
      this.#starts[i] = 0;
      this.#ends[i] = own.length;
    }
  }

  /** Writes what was gathered, or queues it while the peer does not read. */
  flush(): void {
    if (this.#gathered === 0) return;
    if (this.#blocked) this.#queue();
    else this.#write();
    this.#forgetRuns();
  }

  /** The connection took everything that was pending. */
  drained(): void {
    this.#blocked = false;
    this.#landed();
    this.#pump();
  }

  /** Hands all that waits to the connection, which is about to be ended. */
  finish(): void {
    this.flush();
    this.budget.queued -= this.#waiting.bytes;
    for (const piece of this.#waiting.take(Number.POSITIVE_INFINITY)) this.connection.write(piece);
    this.clear();
  }

  /** Drops what waits; the connection is gone. */
  clear(): void {
    this.budget.queued -= this.#waiting.bytes;
    this.#waiting.clear();
    this.#blocked = false;
    this.#landed();
    this.#forgetRuns();
  }

  /** Milliseconds for which bytes have waited without the peer taking any; to be asked now and then. */
  stalledFor(now: number): number {
    const { pending } = this.connection;
    const taken = this.#written - pending;
    if (pending === 0 || taken > this.#taken) this.#progressAt = now;
    this.#taken = taken;
    return now - this.#progressAt;
  }

  #forgetRuns(): void {
    this.#bytes.length = 0;
    this.#starts.length = 0;
    this.#ends.length = 0;
    this.#gathered = 0;
    this.#gatheredFrames = 0;
  }

  #write(): void {
    const runs = this.#bytes.length;
    if (this.#gathered > PIECE) {
      this.#queue();
      this.#pump();
    } else if (runs > 1 && this.#gathered < runs * FEW_BYTES) {
      const joined = this.#copyRuns(Buffer.allocUnsafeSlow(this.#gathered));
      this.#sent(this.connection.writeLent([joined]), joined.length);
    } else {
      const parts: Buffer[] = [];
      for (let i = 0; i < runs; i++) parts.push(this.#run(i));
      this.#sent(this.connection.writeLent(parts), this.#gathered);
    }
  }

  /** Writes what waits, a piece at a time, until the peer has to read first. */
  #pump(): void {
    while (!this.#blocked && this.#waiting.bytes > 0) {
      const before = this.#waiting.bytes;
      let more = true;
      this.connection.cork();
      for (const piece of this.#waiting.take(PIECE)) more = this.connection.write(piece);
      this.connection.uncork();
      const size = before - this.#waiting.bytes;
      this.budget.queued -= size;
      this.#sent(more, size);
    }
  }

  #sent(more: boolean, size: number): void {
    this.#written += size;
    // False with nothing pending only says that the write was large; all of it was taken.
    this.#blocked = !more && this.connection.pending > 0;
    if (!this.#blocked) return;
    this.#landed();
    this.#inFlight = this.connection.pending;
    this.budget.queued += this.#inFlight;
  }

  #landed(): void {
    this.budget.queued -= this.#inFlight;
    this.#inFlight = 0;
  }

  #run(i: number): Buffer {
    const bytes = this.#bytes[i] as Buffer;
    const start = this.#starts[i] as number;
    const end = this.#ends[i] as number;
    return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
  }

  #copyRuns(target: Buffer): Buffer {
    let at = 0;
    for (let i = 0; i < this.#bytes.length; i++) {
      at += (this.#bytes[i] as Buffer).copy(target, at, this.#starts[i], this.#ends[i]);
    }
    return target;
  }

  #queue(): void {
    this.budget.queued += this.#gathered;
    for (let i = 0; i < this.#bytes.length; i++) {
      const bytes = this.#bytes[i] as Buffer;
      const isLent = bytes === this.budget.lent;
      this.#waiting.add(bytes, this.#starts[i] as number, this.#ends[i] as number, isLent);
    }
    this.#waiting.endFrames(this.#gatheredFrames);
  }
}
