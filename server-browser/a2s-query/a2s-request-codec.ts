import { ByteReader } from '../../core/net/byte-reader.js';
import { DecodeError } from '../../core/net/decode-error.js';
import { MessageType, startMessage, WHOLE, wordAt } from './message-header.js';

/**
 * The questions of A2S. All integers are little-endian:
 * ```
 * info       FF FF FF FF 54 "Source Engine Query" 00 [challenge:4]
 * players    FF FF FF FF 55 challenge:4
 * rules      FF FF FF FF 56 challenge:4
 * challenge  FF FF FF FF 57
 * ping       FF FF FF FF 69
 * ```
 */
export type A2sRequest =
  | { readonly kind: 'info' | 'players' | 'rules'; readonly challenge: number | null }
  | { readonly kind: 'challenge' | 'ping' };
/** What a server can be asked for. */
export type QueryKind = 'info' | 'players' | 'rules';

/** How "no challenge yet" is written where the format has no shorter form. */
export const NO_CHALLENGE = 0xffffffff;
/** Where the challenge stands in an INFO request. */
export const INFO_CHALLENGE_OFFSET = 25;
/** Where the challenge stands in a PLAYER or RULES request. */
export const LIST_CHALLENGE_OFFSET = 5;

const query = new TextEncoder().encode('Source Engine Query\0');

/** Bytes 5 to 24 are exactly the text that an INFO request carries; allocates nothing. */
export function isInfoRequest(bytes: Uint8Array): boolean {
  if (bytes.length < INFO_CHALLENGE_OFFSET) return false;
  for (let i = 0; i < query.length; i++) if (bytes[5 + i] !== query[i]) return false;
  return true;
}

/** The four bytes at the offset as an unsigned number, 0 when they are missing; allocates nothing. */
export const challengeAt = (bytes: Uint8Array, offset: number): number =>
  bytes.length < offset + 4 ? 0 : wordAt(bytes, offset);

/** Without a challenge INFO is asked plainly, PLAYER and RULES with -1, as most clients do. */
export function encodeQuery(kind: QueryKind, challenge: number | null): Uint8Array {
  if (kind === 'info') {
    const writer = startMessage(MessageType.infoRequest, 29).bytes(query);
    return (challenge === null ? writer : writer.u32le(challenge)).toBytes();
  }
  const type = kind === 'players' ? MessageType.playersRequest : MessageType.rulesRequest;
  return startMessage(type, 9)
    .u32le(challenge ?? NO_CHALLENGE)
    .toBytes();
}

/** Asks for a challenge alone, as old clients do. */
export const encodeChallengeRequest = (): Uint8Array =>
  startMessage(MessageType.challengeRequest, 5).toBytes();

/** The ping of old servers. */
export const encodePingRequest = (): Uint8Array =>
  startMessage(MessageType.pingRequest, 5).toBytes();

/** Reads any question; a missing or short challenge is null. Bytes after the challenge are tolerated. */
export function decodeRequest(bytes: Uint8Array): A2sRequest {
  const reader = new ByteReader(bytes);
  if (reader.u32le() !== WHOLE) throw new DecodeError('unexpected', 0, 'is not a whole message');
  switch (reader.u8()) {
    case MessageType.infoRequest:
      reader.expect(query, 'an INFO request');
      return { kind: 'info', challenge: optionalChallenge(reader) };
    case MessageType.playersRequest:
      return { kind: 'players', challenge: optionalChallenge(reader) };
    case MessageType.rulesRequest:
      return { kind: 'rules', challenge: optionalChallenge(reader) };
    case MessageType.challengeRequest:
      return { kind: 'challenge' };
    case MessageType.pingRequest:
      return { kind: 'ping' };
    default:
      throw new DecodeError('unexpected', 4, 'is not an A2S request');
  }
}

const optionalChallenge = (reader: ByteReader): number | null =>
  reader.remaining < 4 ? null : reader.u32le();
