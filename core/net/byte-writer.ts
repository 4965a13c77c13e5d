const textEncoder = new TextEncoder();

/** Writes a message into a buffer that grows up to `limit`; past it a RangeError says so. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(
    capacity = 256,
    private readonly limit = 16 * 1024 * 1024,
  ) {
    this.#bytes = new Uint8Array(Math.min(capacity, limit));
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** Where the next bytes go. Call it before naming the buffer: growing replaces that. */
  #reserve(count: number): number {
    const start = this.#length;
    const needed = start + count;
    if (needed > this.#bytes.length) {
      if (needed > this.limit)
        throw new RangeError(`message of ${needed} bytes, limit ${this.limit}`);
      const grown = new Uint8Array(Math.min(Math.max(needed, this.#bytes.length * 2), this.limit));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = needed;
    return start;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16le(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u16be(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, false);
    return this;
  }

  u32le(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u32be(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, false);
    return this;
  }

  i32le(value: number): this {
    const at = this.#reserve(4);
    this.#view.setInt32(at, value, true);
    return this;
  }

  i32be(value: number): this {
    const at = this.#reserve(4);
    this.#view.setInt32(at, value, false);
    return this;
  }

  u64le(value: bigint): this {
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  u64be(value: bigint): this {
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value, false);
    return this;
  }

  f32le(value: number): this {
    const at = this.#reserve(4);
    this.#view.setFloat32(at, value, true);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** UTF-8 without a terminator. */
  text(value: string): this {
    return this.bytes(textEncoder.encode(value));
  }

  /** UTF-8 and a terminating zero; a NUL inside would end the text early, so it is left out. */
  cString(value: string): this {
    return this.text(value.includes('\0') ? value.replaceAll('\0', '') : value).u8(0);
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
