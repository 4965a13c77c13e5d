import type { ByteWriter } from '../../core/net/byte-writer.js';

const encoder = new TextEncoder();

/**
 * Byte limits of the Steam game-server interface, terminating zero included. What is longer is cut
 * before the code point that does not fit.
 */
export const TextLimit = {
  name: 64,
  map: 32,
  folder: 32,
  game: 64,
  version: 64,
  spectatorName: 32,
  tags: 128,
  playerName: 128,
} as const;

/** UTF-8 of the text without NUL characters, cut at a whole code point to `limit - 1` bytes. */
export function textWithin(text: string, limit: number): Uint8Array {
  const bytes = encoder.encode(text.includes('\0') ? text.replaceAll('\0', '') : text);
  if (bytes.length < limit) return bytes;
  let end = limit - 1;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** Writes text of at most `limit` bytes with its terminating zero. */
export const writeText = (writer: ByteWriter, text: string, limit: number): ByteWriter =>
  writer.bytes(textWithin(text, limit)).u8(0);

/** A count that the format keeps in one byte: what is larger is shown as 255. */
export const countByte = (count: number): number => Math.min(Math.max(0, Math.trunc(count)), 255);

/** One character that the format keeps in one byte, such as `d` or `l`. */
export const letterByte = (letter: string): number => letter.charCodeAt(0) & 0xff;
