import type { ByteReader } from '../../core/net/byte-reader.js';
import { ByteWriter } from '../../core/net/byte-writer.js';
import { DecodeError } from '../../core/net/decode-error.js';

/** First four bytes, little-endian, of a datagram that is one whole message. */
export const WHOLE = 0xffffffff;
/** First four bytes, little-endian, of one piece of a split message. */
export const FRAGMENT = 0xfffffffe;

/** Byte 4 of a whole message. */
export const MessageType = {
  infoRequest: 0x54,
  playersRequest: 0x55,
  rulesRequest: 0x56,
  challengeRequest: 0x57,
  pingRequest: 0x69,
  challenge: 0x41,
  preSteamInfo: 0x43,
  players: 0x44,
  rules: 0x45,
  info: 0x49,
  obsoleteInfo: 0x6d,
  pong: 0x6a,
} as const;

/** Begins a whole message: FF FF FF FF and the type. */
export const startMessage = (type: number, capacity = 64, limit?: number): ByteWriter =>
  new ByteWriter(capacity, limit).u32le(WHOLE).u8(type);

/** Reads FF FF FF FF and the type; another type than the expected one is `unexpected`. */
export function expectMessage(reader: ByteReader, type: number, what: string): void {
  const at = reader.offset;
  if (reader.u32le() !== WHOLE) throw new DecodeError('unexpected', at, `is not ${what}`);
  if (reader.u8() !== type) throw new DecodeError('unexpected', at + 4, `is not ${what}`);
}

/** Four bytes, little-endian, as an unsigned number; they must be there. Allocates nothing. */
export const wordAt = (bytes: Uint8Array, offset: number): number =>
  ((bytes[offset] as number) |
    ((bytes[offset + 1] as number) << 8) |
    ((bytes[offset + 2] as number) << 16) |
    ((bytes[offset + 3] as number) << 24)) >>>
  0;
