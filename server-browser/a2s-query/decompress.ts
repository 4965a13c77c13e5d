import Bunzip from 'seek-bzip';
import { DecodeError } from '../../core/net/decode-error.js';

/** What an announced size may be at most: an answer is far smaller, a bomb is not. */
export const MAX_DECOMPRESSED = 1024 * 1024;
const LEVEL_AT = 3;

/**
 * Undoes bzip2 into exactly `size` bytes with that CRC-32 (zlib polynomial). Reading past the input, writing
 * past `size` and more blocks than so many bytes can fill end it, so hostile input costs no more than
 * honest input of that size. Throws DecodeError.
 */
export function decompress(input: Uint8Array, size: number, crc32: number): Uint8Array {
  if (size > MAX_DECOMPRESSED) {
    throw new DecodeError(
      'invalid',
      0,
      `${size} bytes announced, at most ${MAX_DECOMPRESSED} taken`,
    );
  }
  const output = new Uint8Array(size);
  const level = usefulLevel(input, size);
  let blocks = 2 + Math.floor((size * 1.25) / (level * 100_000 - 19));
  let read = 0;
  let written = 0;
  let writing = true;
  const readByte = (): number => {
    // A block begins with the first byte that is read after bytes were written.
    if (writing && blocks-- === 0) throw new DecodeError('invalid', read, 'too many bzip2 blocks');
    writing = false;
    if (read >= input.length) throw new DecodeError('truncated', read, 'bzip2 data ends early');
    const byte = input[read++] as number;
    return read - 1 === LEVEL_AT ? 0x30 + level : byte;
  };
  try {
    Bunzip.decode(
      {
        readByte,
        read(target, offset, length) {
          for (let i = 0; i < length; i++) target[offset + i] = readByte();
          return length;
        },
        eof: () => false,
      },
      {
        writeByte(byte) {
          if (written >= size) throw new DecodeError('invalid', read, 'more than was announced');
          writing = true;
          output[written++] = byte;
        },
      },
    );
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(
      'invalid',
      read,
      error instanceof Error ? error.message : 'bad bzip2 data',
    );
  }
  if (written !== size) throw new DecodeError('invalid', read, 'less than was announced');
  if (checksum(output) !== crc32) throw new DecodeError('invalid', read, 'wrong CRC-32');
  return output;
}

/**
 * The level sets the memory of every block (100,000 entries each); a block of a small message fills less,
 * so a smaller level decodes the same.
 */
function usefulLevel(input: Uint8Array, size: number): number {
  const level = (input[LEVEL_AT] ?? 0) - 0x30;
  if (level < 1 || level > 9) throw new DecodeError('invalid', LEVEL_AT, 'not bzip2');
  return Math.min(level, Math.ceil((size * 1.25 + 1) / 100_000));
}

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

const checksum = (bytes: Uint8Array): number => {
  let value = -1;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] as number);
  return ~value >>> 0;
};
