import { DecodeError } from 'beaconry';

const HEADER = 4;

/** One frame as a client sends it: length (uint32, little-endian), then the payload. VCMI proxy lobby, section 2. */
export function encodeFrame(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.set(payload, HEADER);
  return frame;
}

/**
 * Cuts a stream into frames, however it was chunked. Memory grows with the bytes that have come, never with
 * a length that was only announced. A length over `limit` throws {@link DecodeError}, and so does 0, unless
 * `empty` frames are allowed.
 */
export class FrameDecoder {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** `#bytes` is ours to write to; a chunk that was only borrowed is not. */
  #owned = false;

  constructor(
    public limit: number,
    private readonly empty: 'refused' | 'allowed' = 'refused',
  ) {}

  /** Bytes that have come and belong to no frame taken so far. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  push(chunk: Buffer): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#owned = false;
      return;
    }
    this.#reserve(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The payload of the next complete frame (a view), or undefined. */
  next(): Buffer | undefined {
    if (this.buffered < HEADER) return this.#keep();
    const length = this.#bytes.readUInt32LE(this.#start);
    if (length === 0 && this.empty === 'refused')
      throw new DecodeError('invalid', 0, 'a frame of length 0');
    if (length > this.limit) {
      throw new DecodeError('invalid', 0, `a frame of ${length} bytes, limit ${this.limit}`);
    }
    if (this.buffered < HEADER + length) return this.#keep();
    const from = this.#start + HEADER;
    this.#start = from + length;
    return this.#bytes.subarray(from, this.#start);
  }

  /** Takes everything that has come since the last frame: the stream goes on without frames. */
  rest(): Buffer {
    const rest = this.#bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return rest;
  }

  /** A few bytes that wait for more must not hold on to the whole chunk in which they came. */
  #keep(): undefined {
    if (!this.#owned && this.buffered > 0) this.#reserve(0);
  }

  #reserve(count: number): void {
    const needed = this.buffered + count;
    if (this.#owned && this.#start === 0 && needed <= this.#bytes.length) return;
    // Frames that were handed out are views: the old memory is left to them.
    const grown = Buffer.allocUnsafeSlow(Math.max(64, 2 ** Math.ceil(Math.log2(needed))));
    this.#bytes.copy(grown, 0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    this.#bytes = grown;
    this.#owned = true;
  }
}
