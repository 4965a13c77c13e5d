import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import { readVarint, writeVarint } from './plain-udp-codec.js';

/** Frames inside a data packet, as the library's public description of its payload names them. */
export type Frame =
  | {
      readonly type: 'unreliable';
      readonly messageNumber: number;
      readonly offset: number;
      readonly last: boolean;
      readonly data: Uint8Array;
    }
  | { readonly type: 'reliable'; readonly position: number; readonly data: Uint8Array }
  /** The far side need not account for packets older than the packet's number - offset - 1. */
  | { readonly type: 'stopWaiting'; readonly offset: number }
  | {
      readonly type: 'ack';
      readonly latest: number;
      /** Units of 32 µs; 65535: not told. */
      readonly delay: number;
      /** From the newest packet backwards: so many that came, then so many that did not. */
      readonly blocks: readonly AckBlock[];
    };

export interface AckBlock {
  readonly came: number;
  readonly missing: number;
}

/** Where the decoder stands, to which shortened numbers are nearest. */
export interface FrameContext {
  readonly messageNumber: number;
  readonly position: number;
  /** Newest packet number that was sent. */
  readonly sent: number;
}

const EXPLICIT_MAX = 0x4ff;
const LAST = 7;

/** The whole number nearest to `near` with these low bits. */
export function expand(low: number, bits: number, near: number): number {
  const span = 2 ** bits;
  const base = near - (near % span) + low;
  const half = span / 2;
  if (base - near > half && base >= span) return base - span;
  return near - base > half ? base + span : base;
}

export function decodeFrames(bytes: Uint8Array, context: FrameContext): readonly Frame[] {
  const reader = new ByteReader(bytes);
  const frames: Frame[] = [];
  let message: number | undefined;
  let offsetEnd = 0;
  let position: number | undefined;
  while (reader.remaining > 0) {
    const lead = reader.u8();
    if (lead < 0x40) {
      const isWide = (lead & 0x10) !== 0;
      const before = message;
      if (before === undefined) {
        message = isWide
          ? expand(reader.u32le(), 32, context.messageNumber)
          : expand(reader.u16le(), 16, context.messageNumber);
      } else {
        message = before + (isWide ? readVarint(reader) : 1);
      }
      const explicit = (lead & 8) !== 0;
      const offset = explicit ? readVarint(reader) : message === before ? offsetEnd : 0;
      const data = readData(reader, lead & 7);
      offsetEnd = offset + data.length;
      const last = (lead & 0x20) !== 0;
      frames.push({ type: 'unreliable', messageNumber: message, offset, last, data });
    } else if (lead < 0x60) {
      position = readPosition(reader, (lead >> 3) & 3, position, context.position);
      const data = readData(reader, lead & 7);
      frames.push({ type: 'reliable', position, data });
      position += data.length;
      if (message !== undefined) message++;
    } else if (lead >= 0x80 && lead < 0x84) {
      frames.push({ type: 'stopWaiting', offset: readSized(reader, [1, 2, 3, 8][lead & 3] ?? 1) });
    } else if ((lead & 0xf0) === 0x90) {
      frames.push(readAck(reader, lead, context.sent));
    } else if (lead >= 0x88 && lead < 0x90) {
      throw new DecodeError('unexpected', reader.offset, 'only one lane is spoken here');
    } else {
      throw new DecodeError('unexpected', reader.offset, `frame ${lead} is reserved`);
    }
  }
  return frames;
}

function readPosition(
  reader: ByteReader,
  size: number,
  before: number | undefined,
  near: number,
): number {
  if (before !== undefined)
    return before + (size === 0 ? 0 : readSized(reader, [0, 1, 2, 4][size] ?? 0));
  if (size === 3) throw new DecodeError('unexpected', reader.offset, 'stream position is reserved');
  const bytes = [3, 4, 6][size] ?? 3;
  return expand(readSized(reader, bytes), bytes * 8, near);
}

function readSized(reader: ByteReader, bytes: number): number {
  let value = 0;
  for (let i = 0, factor = 1; i < bytes; i++, factor *= 256) value += reader.u8() * factor;
  if (!Number.isSafeInteger(value)) {
    throw new DecodeError('invalid', reader.offset, 'number is beyond 53 bits');
  }
  return value;
}

function readData(reader: ByteReader, size: number): Uint8Array {
  if (size === LAST) return reader.view(reader.remaining);
  if (size > 4) throw new DecodeError('unexpected', reader.offset, 'size of data is reserved');
  return reader.view((size << 8) | reader.u8());
}

function readAck(reader: ByteReader, lead: number, sent: number): Frame {
  const latest =
    (lead & 8) !== 0 ? expand(reader.u16le(), 16, sent) : expand(reader.u32le(), 32, sent);
  const delay = reader.u16le();
  const count = (lead & 7) === 7 ? reader.u8() : lead & 7;
  const blocks = Array.from({ length: count }, () => {
    const byte = reader.u8();
    const run = (nibble: number) => (nibble < 8 ? nibble : (nibble & 7) + readVarint(reader) * 8);
    return { came: run(byte >> 4), missing: run(byte & 15) };
  });
  return { type: 'ack', latest, delay, blocks };
}

/** Frames in one packet; of segments only one, which has to be the last. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  const writer = new ByteWriter(64, 1300);
  for (const [index, frame] of frames.entries()) {
    const isLast = index === frames.length - 1;
    switch (frame.type) {
      case 'stopWaiting': {
        const { offset } = frame;
        if (offset < 256) writer.u8(0x80).u8(offset);
        else if (offset < 65536) writer.u8(0x81).u16le(offset);
        else
          writer
            .u8(0x82)
            .u16le(offset % 65536)
            .u8((offset / 65536) & 255);
        break;
      }
      case 'ack':
        writeAck(writer, frame);
        break;
      case 'unreliable': {
        const { messageNumber, offset, last, data } = frame;
        writer.u8((last ? 0x20 : 0) | (offset > 0 ? 8 : 0) | sizeOf(data, isLast));
        writer.u16le(messageNumber % 65536);
        if (offset > 0) writeVarint(writer, offset);
        writeData(writer, data, isLast);
        break;
      }
      case 'reliable': {
        const { position, data } = frame;
        writer.u8(0x50 | sizeOf(data, isLast));
        writer.u32le(position % 4294967296).u16le(Math.floor(position / 4294967296) % 65536);
        writeData(writer, data, isLast);
      }
    }
  }
  return writer.toBytes();
}

const sizeOf = (data: Uint8Array, isLast: boolean): number =>
  isLast ? LAST : Math.min(data.length, EXPLICIT_MAX) >> 8;
const writeData = (writer: ByteWriter, data: Uint8Array, isLast: boolean): void => {
  if (!isLast) writer.u8(data.length & 255);
  writer.bytes(data);
};

function writeAck(
  writer: ByteWriter,
  { latest, delay, blocks }: Extract<Frame, { type: 'ack' }>,
): void {
  writer
    .u8(0x98 | Math.min(7, blocks.length))
    .u16le(latest % 65536)
    .u16le(delay);
  if (blocks.length >= 7) writer.u8(blocks.length);
  for (const { came, missing } of blocks) {
    const nibble = (run: number) => (run < 8 ? run : 8 | (run & 7));
    writer.u8((nibble(came) << 4) | nibble(missing));
    if (came >= 8) writeVarint(writer, Math.floor(came / 8));
    if (missing >= 8) writeVarint(writer, Math.floor(missing / 8));
  }
}
