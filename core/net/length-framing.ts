/** Who gets the frames of a {@link LengthFraming}. */
export interface FrameListener {
  /**
   * One whole frame: its body is `bytes[start, end)`, its 4 length bytes lie directly before `start`.
   * They are those of the chunk or our own; of the chunk nothing may be kept that its owner only lends.
   */
  onFrame(bytes: Buffer, start: number, end: number): void;
  /**
   * A frame of some KiB that came in several chunks: header and body in the order of the parts, which may
   * be kept. The last part is `bytes[start, end)`. Without this method such a frame is joined.
   */
  onFrameParts?(parts: readonly Buffer[], bytes: Buffer, start: number, end: number): void;
  /** The announced length, read as unsigned, is over the limit; nothing more will be read. */
  onOversize(length: number): void;
}

/** The form of a stream of frames, and its bound. */
export interface LengthFramingOptions {
  /** Largest body in bytes. */
  readonly limit: number;
  /** Byte order of the 4 length bytes; default false (network order). */
  readonly littleEndian?: boolean;
}

const HEADER = 4;
/** Frames up to this size are always handed on in one piece. */
const SMALL_FRAME = 4096;
const SMALLEST_BLOCK = 256;
const LARGEST_BLOCK = 64 * 1024;

/**
 * Cuts a byte stream into frames of a 32-bit length, which does not count itself, and a body.
 * Whole frames inside one chunk are handed on as they lie there, and nothing of a chunk is kept. A frame that
 * straddles chunks is held in blocks that grow with the bytes received, never with the length announced; a length over the limit is
 * refused from its four bytes alone.
 */
export class LengthFraming {
  /** Largest body in bytes; may be changed at any time, also while a frame is being handled. */
  limit: number;
  readonly #littleEndian: boolean;
  /** Parts of the begun frame before the block that still takes bytes. */
  #parts: Buffer[] = [];
  #block: Buffer | undefined;
  #blockLength = 0;
  #held = 0;
  /** Size of the begun frame, header included; 0 as long as its header is not complete. */
  #expected = 0;
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
    return this.#held;
  }

  /** Whole size of the begun frame, or 0 as long as its header is not complete. */
  get expected(): number {
    return this.#expected;
  }

  /** Drops what is held and ignores all that follows; may be called while a frame is being handled. */
  stop(): void {
    this.#stopped = true;
    this.#forget();
  }

  push(chunk: Buffer): void {
    let at = this.#held > 0 ? this.#complete(chunk) : 0;
    while (!this.#stopped && chunk.length - at >= HEADER) {
      const length = this.#lengthAt(chunk, at);
      if (length > this.limit) {
        this.#refuse(length);
        return;
      }
      const end = at + HEADER + length;
      if (end > chunk.length) {
        this.#expected = HEADER + length;
        break;
      }
      this.listener.onFrame(chunk, at + HEADER, end);
      at = end;
    }
    if (!this.#stopped && at < chunk.length) this.#hold(chunk, at, chunk.length);
  }

  /** Adds to the frame begun earlier; returns how much of the chunk it took. */
  #complete(chunk: Buffer): number {
    let at = 0;
    if (this.#expected === 0) {
      at = Math.min(HEADER - this.#held, chunk.length);
      this.#hold(chunk, 0, at);
      if (this.#held < HEADER) return at;
      const length = this.#lengthAt(this.#block as Buffer, 0);
      if (length > this.limit) {
        this.#refuse(length);
        return chunk.length;
      }
      this.#expected = HEADER + length;
    }
    const end = at + this.#expected - this.#held;
    if (end > chunk.length) {
      this.#hold(chunk, at, chunk.length);
      return chunk.length;
    }
    this.#deliver(chunk, at, end);
    return end;
  }

  #deliver(chunk: Buffer, start: number, end: number): void {
    const { listener } = this;
    const expected = this.#expected;
    if (expected > SMALL_FRAME && listener.onFrameParts !== undefined) {
      this.#closeBlock();
      const parts = this.#parts;
      this.#parts = [];
      this.#forget();
      listener.onFrameParts(parts, chunk, start, end);
      return;
    }
    let whole: Buffer;
    if (this.#parts.length === 0 && (this.#block?.length ?? 0) >= expected) {
      this.#hold(chunk, start, end);
      whole = this.#block as Buffer;
    } else {
      this.#closeBlock();
      whole = Buffer.concat([...this.#parts, chunk.subarray(start, end)]);
    }
    this.#forget();
    listener.onFrame(whole, HEADER, expected);
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    const size = end - start;
    this.#held += size;
    const block = this.#block;
    if (block !== undefined && block.length - this.#blockLength >= size) {
      this.#blockLength += chunk.copy(block, this.#blockLength, start, end);
      return;
    }
    this.#append(chunk, start, end);
  }

  /** Begins another block; the header always lies in one piece, since the first block has room for it. */
  #append(chunk: Buffer, start: number, end: number): void {
    this.#closeBlock();
    const wanted = Math.max(SMALLEST_BLOCK, end - start, Math.min(this.#held, LARGEST_BLOCK));
    const fits = this.#expected === 0 ? SMALLEST_BLOCK : this.#expected - this.#held + end - start;
    const small = this.#expected > 0 && this.#expected <= SMALL_FRAME && this.#parts.length === 0;
    // A pooled allocation would keep its whole pool alive for as long as somebody keeps a view.
    const size = small ? this.#expected : Math.max(end - start, Math.min(wanted, fits));
    this.#block = Buffer.allocUnsafeSlow(size);
    this.#blockLength = chunk.copy(this.#block, 0, start, end);
  }

  #closeBlock(): void {
    const block = this.#block;
    if (block === undefined) return;
    const length = this.#blockLength;
    this.#parts.push(length === block.length ? block : block.subarray(0, length));
    this.#block = undefined;
    this.#blockLength = 0;
  }

  #forget(): void {
    if (this.#parts.length > 0) this.#parts = [];
    this.#block = undefined;
    this.#blockLength = 0;
    this.#held = 0;
    this.#expected = 0;
  }

  #refuse(length: number): void {
    this.stop();
    this.listener.onOversize(length);
  }

  #lengthAt(bytes: Buffer, at: number): number {
    return this.#littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }
}
