import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import { readVarint, writeVarint } from './plain-udp-codec.js';
import type { Frame } from './snp-codec.js';

export const MAX_MESSAGE = 512 * 1024;
export const MAX_UNRELIABLE = 32 * 1024;
const MAX_AHEAD = 1024 * 1024;
const MAX_SEGMENTS = 1024;
const MAX_INCOMPLETE = 8;

/** A reliable message as it stands in the stream; `step` is 1 when its number follows the one before. */
export function encodeReliableMessage(bytes: Uint8Array, step: number): Uint8Array {
  const writer = new ByteWriter(bytes.length + 8, bytes.length + 24);
  const size = bytes.length < 32 ? bytes.length : 0x20 | (bytes.length & 31);
  writer.u8((step === 1 ? 0 : 0x40) | size);
  if (step !== 1) writeVarint(writer, step);
  if (bytes.length >= 32) writeVarint(writer, Math.floor(bytes.length / 32));
  return writer.bytes(bytes).toBytes();
}

/** The reliable stream of the far side: segments in any order become messages in order. */
export class ReliableStream {
  /** Longest message that is taken. */
  limit = MAX_MESSAGE;
  /** Of the next byte; the first one is at 1. */
  #expected = 1;
  #early = new Map<number, Uint8Array>();
  #rest = Buffer.alloc(0);

  get expected(): number {
    return this.#expected;
  }

  /** Whole messages that this segment completes. DecodeError when the stream makes no sense. */
  add({ position, data }: Extract<Frame, { type: 'reliable' }>): readonly Uint8Array[] {
    const end = position + data.length;
    if (end <= this.#expected) return [];
    if (position > this.#expected) {
      // What was acknowledged must not be dropped: a far side that goes beyond all bounds is done with.
      const ahead = Math.min(MAX_AHEAD, this.limit * 2);
      if (position > this.#expected + ahead || this.#early.size >= MAX_SEGMENTS) {
        throw new DecodeError('invalid', 0, 'reliable stream runs too far ahead of a gap');
      }
      const known = this.#early.get(position);
      if (known === undefined || known.length < data.length)
        this.#early.set(position, new Uint8Array(data));
      return [];
    }
    this.#append(data.subarray(this.#expected - position));
    for (let found = true; found; ) {
      found = false;
      for (const [at, early] of this.#early) {
        if (at > this.#expected) continue;
        this.#early.delete(at);
        if (at + early.length > this.#expected) this.#append(early.subarray(this.#expected - at));
        found = true;
      }
    }
    return this.#messages();
  }

  #append(data: Uint8Array): void {
    this.#expected += data.length;
    this.#rest = Buffer.concat([this.#rest, data]);
  }

  #messages(): readonly Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (;;) {
      const message = this.#next();
      if (message === undefined) return messages;
      messages.push(message);
    }
  }

  #next(): Uint8Array | undefined {
    const reader = new ByteReader(this.#rest);
    try {
      const lead = reader.u8();
      if ((lead & 0x80) !== 0)
        throw new DecodeError('unexpected', 0, 'message is of no known form');
      if ((lead & 0x40) !== 0) readVarint(reader);
      const size = (lead & 31) + ((lead & 0x20) === 0 ? 0 : readVarint(reader) * 32);
      if (size > this.limit) throw new DecodeError('invalid', 0, `message of ${size} bytes`);
      const message = new Uint8Array(reader.view(size));
      this.#rest = this.#rest.subarray(reader.offset);
      return message;
    } catch (error) {
      // The rest of the message is on its way.
      if (error instanceof DecodeError && error.kind === 'truncated') return undefined;
      throw error;
    }
  }
}

interface Incomplete {
  readonly parts: Map<number, Uint8Array>;
  length: number;
  end: number | undefined;
}

/** Unreliable messages that came in several segments. */
export class UnreliableMessages {
  readonly #incomplete = new Map<number, Incomplete>();
  #newest = 0;

  get newest(): number {
    return this.#newest;
  }

  add(frame: Extract<Frame, { type: 'unreliable' }>): Uint8Array | undefined {
    const { messageNumber, offset, last, data } = frame;
    this.#newest = Math.max(this.#newest, messageNumber);
    if (offset === 0 && last) return data;
    if (offset + data.length > MAX_UNRELIABLE || data.length === 0) return undefined;
    let known = this.#incomplete.get(messageNumber);
    if (known === undefined) {
      if (this.#incomplete.size >= MAX_INCOMPLETE) {
        this.#incomplete.delete(this.#incomplete.keys().next().value as number);
      }
      known = { parts: new Map(), length: 0, end: undefined };
      this.#incomplete.set(messageNumber, known);
    }
    if (known.parts.has(offset) || known.parts.size >= MAX_SEGMENTS) return undefined;
    known.parts.set(offset, new Uint8Array(data));
    known.length += data.length;
    if (last) known.end = offset + data.length;
    if (known.end === undefined || known.length < known.end) return undefined;
    this.#incomplete.delete(messageNumber);
    const whole = new Uint8Array(known.end);
    for (const [at, part] of known.parts) {
      if (at + part.length > whole.length) return undefined;
      whole.set(part, at);
    }
    return whole;
  }
}
