/** Who gets the frames of a {@link LengthFraming}. */
export interface FrameListener {
  /**
   * One whole frame: its body is `bytes[start, end)`, its 4 length bytes lie directly before `start`.
   * The bytes do not change afterwards, so views of them may be kept.
   */
  onFrame(bytes: Buffer, start: number, end: number): void;
  /** The announced length, read as unsigned, is over the limit; nothing more will be read. */
  onOversize(length: number): void;
}

export interface LengthFramingOptions {
  /** Largest body in bytes. */
  readonly limit: number;
  /** Byte order of the 4 length bytes; default false (network order). */
  readonly littleEndian?: boolean;
}

const HEADER = 4;
const SMALLEST_HOLD = 256;
const LARGE_HOLD = 64 * 1024;

/**
 * Cuts a byte stream into frames of a 32-bit length, which does not count itself, and a body.
 * Whole frames inside one chunk are handed on as they lie there. Only a frame that straddles chunks is
 * gathered, in a buffer that grows with the bytes received, never with the length announced; a length
 * over the limit is refused from its four bytes alone.
 */
export class LengthFraming {
  /** Largest body in bytes; may be changed at any time, also while a frame is being handled. */
  limit: number;
  readonly #littleEndian: boolean;
  #held: Buffer | undefined;
  #heldLength = 0;
  #stopped = false;

  constructor(
    options: LengthFramingOptions,
    private readonly listener: FrameListener,
  ) {
    this.limit = options.limit;
    this.#littleEndian = options.littleEndian ?? false;
  }

  /** Bytes of a begun frame, header included; 0 between frames. */
  get held(): number {
    return this.#heldLength;
  }

  /** Whole size of the begun frame, or 0 as long as its header is not complete. */
  get expected(): number {
    return this.#heldLength < HEADER ? 0 : HEADER + this.#lengthAt(this.#held as Buffer, 0);
  }

  /** Drops what is held and ignores all that follows; may be called while a frame is being handled. */
  stop(): void {
    this.#stopped = true;
    this.#held = undefined;
    this.#heldLength = 0;
  }

  push(chunk: Buffer): void {
    let at = this.#heldLength > 0 ? this.#complete(chunk) : 0;
    while (!this.#stopped && chunk.length - at >= HEADER) {
      const length = this.#lengthAt(chunk, at);
      if (length > this.limit) {
        this.#refuse(length);
        return;
      }
      const end = at + HEADER + length;
      if (end > chunk.length) break;
      this.listener.onFrame(chunk, at + HEADER, end);
      at = end;
    }
    if (this.#stopped || at >= chunk.length) return;
    const known = chunk.length - at >= HEADER;
    this.#hold(chunk, at, chunk.length, known ? HEADER + this.#lengthAt(chunk, at) : HEADER);
  }

  /** Adds to the frame begun earlier; returns how much of the chunk it took. */
  #complete(chunk: Buffer): number {
    let at = 0;
    if (this.#heldLength < HEADER) {
      at = Math.min(HEADER - this.#heldLength, chunk.length);
      this.#hold(chunk, 0, at, HEADER);
      if (this.#heldLength < HEADER) return at;
    }
    const held = this.#held as Buffer;
    const length = this.#lengthAt(held, 0);
    if (length > this.limit) {
      this.#refuse(length);
      return chunk.length;
    }
    const end = HEADER + length;
    const taken = Math.min(end - this.#heldLength, chunk.length - at);
    this.#hold(chunk, at, at + taken, end);
    if (this.#heldLength === end) {
      const whole = this.#held as Buffer;
      this.#held = undefined;
      this.#heldLength = 0;
      this.listener.onFrame(whole, HEADER, end);
    }
    return at + taken;
  }

  #hold(chunk: Buffer, start: number, end: number, whole: number): void {
    const needed = this.#heldLength + end - start;
    if (this.#held === undefined || this.#held.length < needed) this.#grow(needed, whole);
    const held = this.#held as Buffer;
    chunk.copy(held, this.#heldLength, start, end);
    this.#heldLength = needed;
  }

  #grow(needed: number, whole: number): void {
    const grown = needed < LARGE_HOLD ? Math.max(SMALLEST_HOLD, needed * 2) : needed * 4;
    const old = this.#held;
    // A pooled allocation would keep its whole pool alive for as long as somebody keeps a view.
    this.#held = Buffer.allocUnsafeSlow(Math.min(grown, Math.max(whole, SMALLEST_HOLD)));
    old?.copy(this.#held, 0, 0, this.#heldLength);
  }

  #refuse(length: number): void {
    this.stop();
    this.listener.onOversize(length);
  }

  #lengthAt(bytes: Buffer, at: number): number {
    return this.#littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }
}
