import { ByteReader } from '../../core/net/byte-reader.js';
import { expectMessage, MessageType, startMessage } from './message-header.js';

/** `FF FF FF FF 41 challenge:4`, 9 bytes; the client sends the four bytes back unchanged. */
export const encodeChallenge = (challenge: number): Uint8Array =>
  startMessage(MessageType.challenge, 9).u32le(challenge).toBytes();

/** Reads the challenge of an answer. */
export function decodeChallenge(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes);
  expectMessage(reader, MessageType.challenge, 'a challenge');
  return reader.u32le();
}

/** `FF FF FF FF 6A 00` as GoldSrc answers a ping, or with fourteen zeros as text as Source does. */
export const encodePong = (form: 'goldsrc' | 'source' = 'goldsrc'): Uint8Array =>
  startMessage(MessageType.pong, 20)
    .cString(form === 'source' ? '00000000000000' : '')
    .toBytes();

/** Insists that the message answers a ping; what it says besides means nothing. */
export const decodePong = (bytes: Uint8Array): void =>
  expectMessage(new ByteReader(bytes), MessageType.pong, 'an answer to a ping');
