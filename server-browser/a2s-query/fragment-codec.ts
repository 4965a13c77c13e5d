import { ByteReader } from '../../core/net/byte-reader.js';
import { ByteWriter } from '../../core/net/byte-writer.js';
import { DecodeError } from '../../core/net/decode-error.js';
import { FRAGMENT } from './message-header.js';

/**
 * How a long message is cut. Integers are little-endian:
 * ```
 * source         FE FF FF FF id:4 total:1 number:1 size:2 payload
 * source-nosize  FE FF FF FF id:4 total:1 number:1 payload
 * goldsrc        FE FF FF FF id:4 (number << 4 | total):1 payload
 * ```
 * Numbers count from 0. Bit 31 of a Source id marks bzip2; then `size:4 crc32:4` of the whole message stand
 * before the payload of piece 0.
 */
export type SplitFormat = 'source' | 'source-nosize' | 'goldsrc';

/** One piece of a split message. */
export interface Fragment {
  readonly id: number;
  readonly total: number;
  readonly number: number;
  /** Source only: what every piece but the last carries. */
  readonly size?: number;
  /** Piece 0 of a compressed message. */
  readonly compressed?: { readonly size: number; readonly crc32: number };
  readonly payload: Uint8Array;
}

/** UDP payload that is never exceeded; a longer message is split. */
export const PACKET_LIMIT = 1400;
const COMPRESSED = 0x80000000;

interface SplitShape {
  readonly header: number;
  readonly payload: number;
  readonly pieces: number;
}
const shapes: Record<SplitFormat, SplitShape> = {
  source: { header: 12, payload: 1248, pieces: 255 },
  'source-nosize': { header: 10, payload: 1248, pieces: 255 },
  goldsrc: { header: 9, payload: 1391, pieces: 15 },
};

/** Bytes of the longest message that the format can carry. */
export const splitCeiling = (format: SplitFormat): number =>
  shapes[format].payload * shapes[format].pieces;

/** Bytes before the payload of a piece. */
export const fragmentHeaderLength = (format: SplitFormat): number => shapes[format].header;

/** Writes one piece of a split message. */
export const encodeFragment = (format: SplitFormat, fragment: Fragment): Uint8Array => {
  const { id, total, number, size = shapes.source.payload, payload, compressed } = fragment;
  const writer = new ByteWriter(payload.length + 20).u32le(FRAGMENT).u32le(id);
  if (format === 'goldsrc') writer.u8((number << 4) | total);
  else writer.u8(total).u8(number);
  if (format === 'source') writer.u16le(size);
  if (compressed !== undefined) writer.u32le(compressed.size).u32le(compressed.crc32);
  return writer.bytes(payload).toBytes();
};

/** Reads one piece in the given format. Impossible numbers are `invalid`. */
export function decodeFragment(bytes: Uint8Array, format: SplitFormat): Fragment {
  const reader = new ByteReader(bytes);
  if (reader.u32le() !== FRAGMENT) throw new DecodeError('unexpected', 0, 'is not a fragment');
  const id = reader.u32le();
  const counts = reader.u8();
  const total = format === 'goldsrc' ? counts & 15 : counts;
  const number = format === 'goldsrc' ? counts >> 4 : reader.u8();
  const size = format === 'source' ? reader.u16le() : undefined;
  if (number >= total) {
    throw new DecodeError('invalid', 8, `piece ${number} of ${total}`);
  }
  const compressed =
    format !== 'goldsrc' && id >= COMPRESSED && number === 0
      ? { size: reader.u32le(), crc32: reader.u32le() }
      : undefined;
  return {
    id,
    total,
    number,
    ...(size !== undefined && { size }),
    ...(compressed && { compressed }),
    payload: reader.view(reader.remaining),
  };
}

/** True when bit 31 says that the joined payloads are bzip2. */
export const isCompressed = (id: number): boolean => id >= COMPRESSED;

/**
 * Cuts a message that is longer than one packet, with the sizes of the original servers; a message that fits
 * comes back as it is. Past {@link splitCeiling} a RangeError says so.
 */
export function splitMessage(
  message: Uint8Array,
  format: SplitFormat,
  id: number,
): readonly Uint8Array[] {
  if (message.length <= PACKET_LIMIT) return [message];
  const { payload: size, pieces } = shapes[format];
  const total = Math.ceil(message.length / size);
  if (total > pieces) {
    throw new RangeError(`message of ${message.length} bytes, limit ${splitCeiling(format)}`);
  }
  return Array.from({ length: total }, (_, number) =>
    encodeFragment(format, {
      id,
      total,
      number,
      payload: message.subarray(number * size, (number + 1) * size),
    }),
  );
}
