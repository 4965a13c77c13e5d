import { DecodeError } from './decode-error.js';

// A byte-order mark is text of a stranger like any other.
const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A cursor over received bytes; every read is checked against the end and throws {@link DecodeError}. */
export class ByteReader {
  #offset: number;
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    offset = 0,
  ) {
    this.#offset = offset;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.bytes.length - this.#offset;
  }

  #take(count: number): number {
    const start = this.#offset;
    if (count < 0 || count > this.bytes.length - start) {
      throw new DecodeError('truncated', start, `needs ${count} bytes, ${this.remaining} are left`);
    }
    this.#offset = start + count;
    return start;
  }

  skip(count: number): void {
    this.#take(count);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16le(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u16be(): number {
    return this.#view.getUint16(this.#take(2), false);
  }

  u32le(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u32be(): number {
    return this.#view.getUint32(this.#take(4), false);
  }

  i32le(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  i32be(): number {
    return this.#view.getInt32(this.#take(4), false);
  }

  u64le(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  u64be(): bigint {
    return this.#view.getBigUint64(this.#take(8), false);
  }

  f32le(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  /** A view of the next bytes, valid as long as the message is. */
  view(count: number): Uint8Array {
    const start = this.#take(count);
    return this.bytes.subarray(start, start + count);
  }

  /** Bytes up to a NUL, which is skipped, as UTF-8 with replacement of what is not. */
  cString(): string {
    const end = this.bytes.indexOf(0, this.#offset);
    if (end === -1) {
      throw new DecodeError('truncated', this.bytes.length, 'text without a terminating zero');
    }
    const text = textDecoder.decode(this.bytes.subarray(this.#offset, end));
    this.#offset = end + 1;
    return text;
  }

  /** The bytes that follow must be exactly these. */
  expect(expected: Uint8Array, what: string): void {
    const start = this.#take(expected.length);
    for (let i = 0; i < expected.length; i++) {
      if (this.bytes[start + i] !== expected[i]) {
        throw new DecodeError('unexpected', start + i, `is not ${what}`);
      }
    }
  }

  /** Insists that everything was read. */
  end(): void {
    if (this.remaining > 0) {
      throw new DecodeError('invalid', this.#offset, `${this.remaining} bytes too many`);
    }
  }
}
