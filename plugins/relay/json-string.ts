import { DecodeError } from 'beaconry';
import { PLAIN_MOST, plainEnd } from './plain-bytes.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** From here on a string is read four bytes at a time. */
const LONG = 64;
/** From here on the fast way is worth its call; it begins with as much, and goes on with more when that was plain. */
const VERY_LONG = 512;

/**
 * A cursor over JSON text (RFC 8259) that reads strings without building them, so that a member can be
 * passed on as the bytes between its quotes. It does not check UTF-8: `nonAscii` says whether there is any
 * reason to. Failures throw `DecodeError`.
 */
export class JsonString {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** The string read last: its bytes between the quotes. */
  stringStart = 0;
  stringEnd = 0;
  /** The string read last holds escapes. */
  escaped = false;
  /** The string read last names half a surrogate pair, which is no character. */
  halfSurrogate = false;
  /** Some string since `reset` holds bytes beyond ASCII. */
  nonAscii = false;
  #view: DataView | undefined;
  /** How much of the string the fast way looks at next; 0 when it has met something else than plain text. */
  #fastStep = 0;

  reset(bytes: Buffer, start: number, end: number): void {
    if (this.bytes !== bytes) {
      this.bytes = bytes;
      this.#view = undefined;
    }
    this.at = start;
    this.end = end;
    this.nonAscii = false;
  }

  /** Lets go of the bytes, so that the cursor does not keep a chunk alive. */
  release(): void {
    this.bytes = NOTHING;
    this.#view = undefined;
  }

  fail(what: string): never {
    const kind = this.at >= this.end ? 'truncated' : 'invalid';
    throw new DecodeError(kind, this.at, what);
  }

  skipSpace(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end) {
      const byte = bytes[at] as number;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at++;
    }
    this.at = at;
  }

  /** The next byte after white space, or -1 at the end; it is not taken. */
  peek(): number {
    this.skipSpace();
    return this.at < this.end ? (this.bytes[this.at] as number) : -1;
  }

  /** Takes one structural byte after white space. */
  expect(byte: number): void {
    if (this.peek() !== byte) this.fail(`"${String.fromCharCode(byte)}" is missing`);
    this.at++;
  }

  /** Reads a string whose opening quote is the next byte. */
  string(): void {
    if (this.at >= this.end || this.bytes[this.at] !== QUOTE) this.fail('a string is missing');
    this.at++;
    this.restOfString();
  }

  /** Reads a string up to its closing quote; the opening one was taken. */
  restOfString(): void {
    this.beginString();
    if (!this.scanString()) this.fail('a string without its closing quote');
  }

  /** A string begins at the cursor, behind its opening quote. */
  beginString(): void {
    this.stringStart = this.at;
    this.escaped = false;
    this.halfSurrogate = false;
    this.#fastStep = VERY_LONG;
  }

  /** Goes on in the next piece of a string that was cut there. */
  continueIn(bytes: Buffer, start: number, end: number): void {
    const { nonAscii } = this;
    this.reset(bytes, start, end);
    this.nonAscii = nonAscii;
  }

  /** Reads on to the closing quote; false when the bytes end before it. */
  scanString(): boolean {
    const { bytes, end } = this;
    let at = this.at;
    let seen = 0;
    while (at < end) {
      if (end - at >= VERY_LONG && this.#fastStep > 0) at = this.#plainBlocks(at);
      if (end - at >= LONG) at = this.#plainWords(at);
      // Up to LONG bytes one by one before the words are tried again.
      const stop = Math.min(at + LONG, end);
      while (at < stop) {
        const byte = bytes[at] as number;
        if (byte === QUOTE) {
          this.stringEnd = at;
          this.at = at + 1;
          if (seen >= 0x80) this.nonAscii = true;
          return true;
        }
        if (byte === BACKSLASH) {
          at = this.#escape(at);
          continue;
        }
        if (byte < 0x20) {
          this.at = at;
          this.fail('a raw control character');
        }
        seen |= byte;
        at++;
      }
    }
    if (seen >= 0x80) this.nonAscii = true;
    this.at = end;
    return false;
  }

  /** Skips plain text as fast as the machine can; what it stops at is left to the other ways. */
  #plainBlocks(from: number): number {
    let at = from;
    while (this.end - at >= VERY_LONG) {
      const stop = Math.min(this.end, at + this.#fastStep);
      const plain = plainEnd(this.bytes, at, stop);
      at = plain;
      if (stop - plain >= LONG) {
        // Text of another script or full of escapes would stop it at every step.
        this.#fastStep = 0;
        return at;
      }
      this.#fastStep = PLAIN_MOST;
    }
    return at;
  }

  /**
   * Skips what holds no quote, backslash or control character, a word of four bytes at a time. A word has a
   * byte below n just when subtracting n from each byte sets a high bit that neither the word had nor a
   * borrow brought; with 2 flipped, a quote is 0x20, so one subtraction finds it and all control characters.
   */
  #plainWords(from: number): number {
    this.#view ??= new DataView(
      this.bytes.buffer as ArrayBuffer,
      this.bytes.byteOffset,
      this.bytes.length,
    );
    const view = this.#view;
    const lastPair = this.end - 8;
    let at = from;
    // As long as all is ASCII the high bits need no care: this loop is what a large payload costs.
    while (at <= lastPair) {
      const one = view.getInt32(at, true);
      const two = view.getInt32(at + 4, true);
      const found =
        one |
        ((one ^ 0x02020202) - 0x21212121) |
        ((one ^ 0x5c5c5c5c) - 0x01010101) |
        two |
        ((two ^ 0x02020202) - 0x21212121) |
        ((two ^ 0x5c5c5c5c) - 0x01010101);
      if ((found & 0x80808080) !== 0) break;
      at += 8;
    }
    const last = this.end - 4;
    let seen = 0;
    while (at <= last) {
      const word = view.getInt32(at, true);
      const flipped = word ^ 0x02020202;
      const backslash = word ^ 0x5c5c5c5c;
      const found = ((flipped - 0x21212121) & ~flipped) | ((backslash - 0x01010101) & ~backslash);
      if ((found & 0x80808080) !== 0) break;
      seen |= word;
      at += 4;
    }
    if ((seen & 0x80808080) !== 0) this.nonAscii = true;
    return at;
  }

  #escape(at: number): number {
    this.escaped = true;
    this.at = at + 1;
    if (this.at >= this.end) this.fail('an escape is cut off');
    const kind = this.bytes[at + 1] as number;
    if (kind !== 0x75) {
      if (!SIMPLE_ESCAPES.has(kind)) this.fail('an unknown escape');
      return at + 2;
    }
    const unit = this.#unit(at);
    const high = (unit & 0xfc00) === 0xd800;
    if (high && this.bytes[at + 6] === BACKSLASH && this.bytes[at + 7] === 0x75) {
      if ((this.#unit(at + 6) & 0xfc00) === 0xdc00) return at + 12;
    }
    if (high || (unit & 0xfc00) === 0xdc00) this.halfSurrogate = true;
    return at + 6;
  }

  /** The number in `\uXXXX` whose backslash is at `at`. */
  #unit(at: number): number {
    this.at = at;
    if (at + 6 > this.end) this.fail('an escape is cut off');
    let unit = 0;
    for (let i = at + 2; i < at + 6; i++) {
      const byte = this.bytes[i] as number;
      const letter = byte | 0x20;
      const digit =
        byte >= 0x30 && byte <= 0x39
          ? byte - 0x30
          : letter >= 0x61 && letter <= 0x66
            ? letter - 0x57
            : this.fail('an escape that is not four hex digits');
      unit = (unit << 4) | digit;
    }
    return unit;
  }
}

const NOTHING = Buffer.alloc(0);
const SIMPLE_ESCAPES = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));
