import type { Connection } from 'beaconry';

/** Smaller pieces are copied into blocks when they have to wait, so that they do not keep whole chunks alive. */
const COPY_BELOW = 32 * 1024;
const BLOCK = 64 * 1024;
/**
 * Most that is written at once. A system reports a write only when all of it was taken, so this is also
 * what a slow peer must read within the stall time to count as alive.
 */
const PIECE = 256 * 1024;

/** Runs that are smaller than this on average are copied together rather than written side by side. */
const FEW_BYTES = 2048;

interface Block {
  readonly bytes: Buffer;
  length: number;
  /** Ours to append to; false for a view of a large frame. */
  readonly own: boolean;
  /** Frames counted when this block leaves. */
  frames: number;
}

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
  /** Blocks that wait for the peer to read, with the frames that end in each. */
  #waiting: Block[] = [];
  #waitingBytes = 0;
  #waitingFrames = 0;
  #blocked = false;
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
    return this.#gathered + this.#waitingBytes + this.connection.pending;
  }

  /** Bytes added since the last flush. */
  get gathered(): number {
    return this.#gathered;
  }

  /** Bytes that wait in the queue. */
  get waiting(): number {
    return this.#waitingBytes;
  }

  /** Is there room for one more frame of that many bytes? */
  fits(bytes: number): boolean {
    return (
      this.size + bytes <= this.limits.bytes &&
      this.#waitingFrames + this.#gatheredFrames < this.limits.frames &&
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
    this.#pump();
  }

  /** Hands all that waits to the connection, which is about to be ended. */
  finish(): void {
    this.flush();
    for (const block of this.#waiting) this.connection.write(contentOf(block));
    this.clear();
  }

  /** Drops what waits; the connection is gone. */
  clear(): void {
    this.budget.queued -= this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#waitingFrames = 0;
    this.#blocked = false;
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
    let taken = 0;
    while (!this.#blocked && taken < this.#waiting.length) {
      let size = 0;
      let more = true;
      this.connection.cork();
      do {
        const block = this.#waiting[taken++] as Block;
        size += block.length;
        this.#waitingFrames -= block.frames;
        more = this.connection.write(contentOf(block));
      } while (taken < this.#waiting.length && size < PIECE);
      this.connection.uncork();
      this.#waitingBytes -= size;
      this.budget.queued -= size;
      this.#sent(more, size);
    }
    this.#waiting.splice(0, taken);
  }

  #sent(more: boolean, size: number): void {
    this.#written += size;
    // False with nothing pending only says that the write was large; all of it was taken.
    this.#blocked = !more && this.connection.pending > 0;
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
    this.#waitingBytes += this.#gathered;
    this.#waitingFrames += this.#gatheredFrames;
    this.budget.queued += this.#gathered;
    for (let i = 0; i < this.#bytes.length; i++) {
      const start = this.#starts[i] as number;
      const end = this.#ends[i] as number;
      if (end - start >= COPY_BELOW) {
        for (let at = start; at < end; at += BLOCK) {
          const view = (this.#bytes[i] as Buffer).subarray(at, Math.min(end, at + BLOCK));
          const bytes = this.#bytes[i] === this.budget.lent ? Buffer.from(view) : view;
          this.#waiting.push({ bytes, length: bytes.length, own: false, frames: 0 });
        }
      } else {
        this.#append(this.#bytes[i] as Buffer, start, end);
      }
    }
    const last = this.#waiting[this.#waiting.length - 1];
    if (last !== undefined) last.frames += this.#gatheredFrames;
  }

  #append(bytes: Buffer, start: number, end: number): void {
    let last = this.#waiting[this.#waiting.length - 1];
    if (last === undefined || !last.own || last.bytes.length - last.length < end - start) {
      // Small at first: most queues never hold more than a few frames.
      const size = last?.own === true ? BLOCK : Math.max(1024, end - start);
      last = { bytes: Buffer.allocUnsafeSlow(size), length: 0, own: true, frames: 0 };
      this.#waiting.push(last);
    }
    last.length += bytes.copy(last.bytes, last.length, start, end);
  }
}

const contentOf = ({ bytes, length }: Block): Buffer =>
  length === bytes.length ? bytes : bytes.subarray(0, length);
