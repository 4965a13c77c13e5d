import { isUtf8 } from 'node:buffer';
import { DecodeError } from 'beaconry';
import { Envelope, type PayloadType } from './envelope.js';
import { AFTER_DESTINATION } from './frame-writer.js';
import { JsonText } from './json-text.js';

/** A member that is not one of these is skipped, whatever its shape. */
const SPANS = ['source', 'destination', 'key', 'secret', 'group'] as const;
type SpanName = (typeof SPANS)[number];
const NAMES: readonly string[] = ['payloadType', 'payload', ...SPANS];
const LONGEST_NAME = Math.max(...NAMES.map((name) => name.length));
const TYPES: readonly PayloadType[] = ['MESSAGE', 'ERROR', 'INIT', 'CLOSE'];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/**
 * Reads bodies of frames (SixtyNine protocol, section 2) into one reused {@link Envelope}, which is valid until
 * the next read. Throws `DecodeError` for all that is no JSON object, for wrong types and for an unknown or
 * missing `payloadType`.
 */
export class EnvelopeDecoder {
  readonly envelope = new Envelope();
  readonly #text = new JsonText();

  /**
   * `expected` is the canonical start of a MESSAGE of this sender: a body that begins with it is read
   * in one pass without looking at names.
   */
  decode(bytes: Buffer, start: number, end: number, expected?: Buffer): Envelope {
    this.#text.reset(bytes, start, end);
    if (expected !== undefined && this.#decodeCanonical(expected)) return this.envelope;
    this.#text.reset(bytes, start, end);
    this.#decodeObject();
    this.#checkUtf8(start);
    return this.envelope;
  }

  /** Lets go of the bytes read last. */
  release(): void {
    this.#text.release();
  }

  /**
   * Reads a canonical MESSAGE that came in parts (the first with its 4 length bytes, the last being
   * `bytes[start, end)`) without joining them; undefined when it must be joined to be read.
   */
  decodeParts(
    parts: readonly Buffer[],
    bytes: Buffer,
    start: number,
    end: number,
    expected: Buffer,
  ): Envelope | undefined {
    const text = this.#text;
    const first = parts[0] as Buffer;
    try {
      text.reset(first, 4, first.length);
      if (!this.#canonicalStart(expected) || text.scanString()) return undefined;
      for (let i = 1; i < parts.length; i++) {
        const part = parts[i] as Buffer;
        text.continueIn(part, 0, part.length);
        if (text.scanString()) return undefined;
      }
      text.continueIn(bytes, start, end);
      if (!text.scanString() || !this.#canonicalEnd()) return undefined;
    } catch (error) {
      // Perhaps only because an escape lies across two parts; joined, it will be seen.
      if (error instanceof DecodeError) return undefined;
      throw error;
    }
    // Letters and surrogate pairs may lie across two parts too.
    return text.nonAscii || text.halfSurrogate ? undefined : this.envelope;
  }

  #decodeCanonical(expected: Buffer): boolean {
    const text = this.#text;
    const start = text.at;
    if (!this.#canonicalStart(expected) || !text.scanString() || !this.#canonicalEnd())
      return false;
    this.#takePayload();
    this.#checkUtf8(start);
    return true;
  }

  /** Reads everything before the payload's text and sets the destination, if all of it is canonical. */
  #canonicalStart(expected: Buffer): boolean {
    const text = this.#text;
    const { bytes, end } = text;
    const start = text.at;
    const size = expected.length;
    if (end - start < size + AFTER_DESTINATION.length) return false;
    // From behind, since sources differ sooner than names.
    for (let i = size - 1; i >= 0; i--) if (bytes[start + i] !== expected[i]) return false;
    const destination = start + size;
    const last = end - AFTER_DESTINATION.length;
    let at = destination;
    for (;;) {
      if (at > last) return false;
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte < 0x20 || byte >= 0x80 || byte === BACKSLASH) return false;
      at++;
    }
    for (let i = 0; i < AFTER_DESTINATION.length; i++) {
      if (bytes[at + i] !== AFTER_DESTINATION[i]) return false;
    }
    this.#clear();
    const { envelope } = this;
    envelope.type = 'MESSAGE';
    envelope.canonical = true;
    envelope.destination.start = destination;
    envelope.destination.end = at;
    text.at = at + AFTER_DESTINATION.length;
    text.beginString();
    return true;
  }

  #canonicalEnd(): boolean {
    const { at, end, bytes } = this.#text;
    return at === end - 1 && bytes[at] === 0x7d;
  }

  #decodeObject(): void {
    this.#clear();
    const text = this.#text;
    let type: PayloadType | undefined;
    text.expect(0x7b);
    if (text.peek() === 0x7d) text.at++;
    else {
      for (;;) {
        text.skipSpace();
        text.string();
        const name = this.#name();
        text.expect(0x3a);
        if (name === 'payloadType') type = this.#type();
        else if (name === 'payload') this.#payload();
        else if (name === undefined) text.skipValue(1);
        else this.#span(name);
        if (text.peek() !== 0x2c) break;
        text.at++;
      }
      text.expect(0x7d);
    }
    if (text.peek() !== -1) text.fail('text after the closing brace');
    this.envelope.type = type ?? text.fail('payloadType is missing');
  }

  /** The member name read last, if it is one of ours. */
  #name(): SpanName | 'payloadType' | 'payload' | undefined {
    const { bytes, stringStart, stringEnd, escaped } = this.#text;
    if (stringEnd - stringStart > LONGEST_NAME * (escaped ? 6 : 1)) return undefined;
    const raw = bytes.toString('latin1', stringStart, stringEnd);
    const name = escaped ? (JSON.parse(`"${raw}"`) as string) : raw;
    return NAMES.includes(name) ? (name as SpanName) : undefined;
  }

  #type(): PayloadType {
    const text = this.#text;
    text.skipSpace();
    text.string();
    const { bytes, stringStart, stringEnd, escaped } = text;
    if (stringEnd - stringStart <= 'MESSAGE'.length * 6) {
      const raw = bytes.toString('latin1', stringStart, stringEnd);
      const name = escaped ? (JSON.parse(`"${raw}"`) as string) : raw;
      const type = TYPES.find((known) => known === name);
      if (type !== undefined) return type;
    }
    return text.fail('an unknown payloadType');
  }

  #span(name: SpanName): void {
    const text = this.#text;
    const span = this.envelope[name];
    span.clear();
    if (text.peek() === 0x6e) {
      text.word('null');
      return;
    }
    text.string();
    span.set(text);
  }

  #payload(): void {
    const text = this.#text;
    const { envelope } = this;
    envelope.payload.clear();
    envelope.refusal = undefined;
    const byte = text.peek();
    if (byte === QUOTE) {
      text.string();
      this.#takePayload();
    } else if (byte === 0x6e) {
      text.word('null');
    } else {
      text.skipValue(1);
      envelope.refusal = 'payload must be a string';
    }
  }

  #takePayload(): void {
    const { envelope } = this;
    envelope.payload.set(this.#text);
    envelope.refusal = this.#text.halfSurrogate ? 'payload holds half a surrogate pair' : undefined;
  }

  #checkUtf8(start: number): void {
    const { bytes, end, nonAscii } = this.#text;
    if (nonAscii && !isUtf8(bytes.subarray(start, end))) {
      throw new DecodeError('invalid', start, 'not UTF-8');
    }
  }

  #clear(): void {
    const { envelope } = this;
    envelope.canonical = false;
    envelope.refusal = undefined;
    envelope.source.clear();
    envelope.destination.clear();
    envelope.payload.clear();
    envelope.key.clear();
    envelope.secret.clear();
    envelope.group.clear();
  }
}
