import { ByteReader, ByteWriter, DecodeError, PeerAddress } from 'beaconry';

/** What a game server says to a master; requests carry no out-of-band header. */
export type GameServerMessage =
  /** `q`; Xash3D adds a number of its own that the answer repeats. */
  | { readonly kind: 'challenge-request'; readonly echo: number | null }
  /** `M\xFF`: how the oldest Valve servers ask for a challenge. */
  | { readonly kind: 'start' }
  /** `0\n\key\value...`: registers the server or refreshes it. */
  | { readonly kind: 'join'; readonly values: ReadonlyMap<string, string> }
  /** `b\n`: the server quits. */
  | { readonly kind: 'shutdown' };

/** What a master says to a game server, after `FF FF FF FF`. */
export type MasterMessage =
  | { readonly kind: 'challenge'; readonly challenge: number; readonly echo: number | null }
  | { readonly kind: 'start-answer'; readonly challenge: number }
  | { readonly kind: 'restart-request'; readonly challenge: number }
  | { readonly kind: 'print'; readonly text: string }
  /** Xash3D: a client behind another NAT wants to connect. */
  | { readonly kind: 'connect-request'; readonly address: PeerAddress };

/** No useful message of a game server is longer, in bytes. */
export const longestGameServerMessage = 1400;

const header = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
const letter = (text: string): number => text.charCodeAt(0);
const backslash = letter('\\');
const newline = letter('\n');
const challengeKey = new TextEncoder().encode('challenge');
const textDecoder = new TextDecoder('utf-8');

/** Reads what a game server sent (Valve master-server protocol, sections 1 and 6). */
export function decodeGameServerMessage(bytes: Uint8Array): GameServerMessage {
  const reader = new ByteReader(bytes);
  switch (reader.u8()) {
    case letter('q'): {
      if (reader.remaining === 0) return { kind: 'challenge-request', echo: null };
      reader.expect(Uint8Array.of(0xff), 'a challenge request');
      const echo = reader.u32le();
      reader.end();
      return { kind: 'challenge-request', echo };
    }
    case letter('M'):
      reader.expect(Uint8Array.of(0xff), 'a start message');
      reader.end();
      return { kind: 'start' };
    case letter('0'):
      reader.expect(Uint8Array.of(newline), 'a join');
      return { kind: 'join', values: decodeJoinValues(bytes) };
    case letter('b'):
      reader.expect(Uint8Array.of(newline), 'a shutdown');
      reader.end();
      return { kind: 'shutdown' };
    default:
      throw new DecodeError('unexpected', 0, 'is no message of a game server');
  }
}

export function encodeGameServerMessage(message: GameServerMessage): Uint8Array {
  const writer = new ByteWriter(64, longestGameServerMessage);
  switch (message.kind) {
    case 'challenge-request':
      writer.text('q');
      if (message.echo !== null) writer.u8(0xff).u32le(message.echo);
      break;
    case 'start':
      writer.text('M').u8(0xff);
      break;
    case 'join':
      writer.text('0\n');
      for (const [key, value] of message.values) {
        writer.text(`\\${separable(key)}\\${separable(value)}`);
      }
      writer.text('\n');
      break;
    case 'shutdown':
      writer.text('b\n');
      break;
  }
  return writer.toBytes();
}

/** Reads what a master sent. */
export function decodeMasterMessage(bytes: Uint8Array): MasterMessage {
  const reader = new ByteReader(bytes);
  reader.expect(header, 'an answer of a master');
  switch (reader.u8()) {
    case letter('s'): {
      reader.expect(Uint8Array.of(newline), 'a challenge');
      const challenge = reader.u32le();
      const echo = reader.remaining === 0 ? null : reader.u32le();
      reader.end();
      return { kind: 'challenge', challenge, echo };
    }
    case letter('N'): {
      reader.skip(1);
      const challenge = reader.u32le();
      reader.end();
      return { kind: 'start-answer', challenge };
    }
    case letter('O'): {
      const challenge = reader.u32le();
      reader.end();
      return { kind: 'restart-request', challenge };
    }
    case letter('l'): {
      const rest = reader.view(reader.remaining);
      const end = rest.indexOf(0);
      return {
        kind: 'print',
        text: textDecoder.decode(end === -1 ? rest : rest.subarray(0, end)),
      };
    }
    case letter('c'): {
      reader.expect(Uint8Array.of(0x20), 'a connect request');
      const at = reader.offset;
      const address = PeerAddress.parse(textDecoder.decode(reader.view(reader.remaining)));
      if (address === undefined) throw new DecodeError('invalid', at, 'no address with a port');
      return { kind: 'connect-request', address };
    }
    default:
      throw new DecodeError('unexpected', 4, 'is no message of a master');
  }
}

export function encodeMasterMessage(message: MasterMessage): Uint8Array {
  const writer = new ByteWriter(64, longestGameServerMessage).bytes(header);
  switch (message.kind) {
    case 'challenge':
      writer.text('s\n').u32le(message.challenge);
      if (message.echo !== null) writer.u32le(message.echo);
      break;
    case 'start-answer':
      writer.text('N\n').u32le(message.challenge);
      break;
    case 'restart-request':
      writer.text('O').u32le(message.challenge);
      break;
    case 'print':
      writer.text('l').cString(message.text);
      break;
    case 'connect-request':
      writer.text(`c ${message.address}`);
      break;
  }
  return writer.toBytes();
}

/** The answer to `q` in memory of its own, written anew for each server: `FF FF FF FF "s\n" challenge:4`. */
export class ChallengeAnswer {
  readonly #bytes = encodeMasterMessage({ kind: 'challenge', challenge: 0, echo: null });

  /** The same bytes each time. */
  with(challenge: number): Uint8Array {
    const bytes = this.#bytes;
    bytes[6] = challenge;
    bytes[7] = challenge >> 8;
    bytes[8] = challenge >> 16;
    bytes[9] = challenge >> 24;
    return bytes;
  }
}

/**
 * The challenge that a join carries, read without decoding the rest, or 0 when it carries none:
 * decimal digits only, at most ten, no sign, no space, no leading zero, at most 2^32-1.
 */
export function joinChallenge(bytes: Uint8Array): number {
  let found = 0;
  let at = 2;
  const end = joinEnd(bytes);
  while (at < end && bytes[at] === backslash) {
    const keyEnd = nextBackslash(bytes, at + 1);
    if (keyEnd === bytes.length) return found;
    const valueEnd = Math.min(end, nextBackslash(bytes, keyEnd + 1));
    if (isChallengeKey(bytes, at + 1, keyEnd)) found = decimal(bytes, keyEnd + 1, valueEnd);
    at = valueEnd;
  }
  return found;
}

/** The pairs of a join: of a repeated key the last one counts; a key at the end may lack its value. */
function decodeJoinValues(bytes: Uint8Array): ReadonlyMap<string, string> {
  if (bytes.length > longestGameServerMessage) {
    throw new DecodeError('invalid', longestGameServerMessage, 'a join that is too long');
  }
  const nul = bytes.indexOf(0);
  if (nul !== -1) throw new DecodeError('invalid', nul, 'a zero inside a join');
  if (bytes[2] !== backslash) throw new DecodeError('invalid', 2, 'a join without keys');
  const parts = textDecoder.decode(bytes.subarray(3, joinEnd(bytes))).split('\\');
  const values = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 2) values.set(parts[i] as string, parts[i + 1] ?? '');
  return values;
}

/** For distances of a few bytes a loop is faster than a call of `indexOf`. */
const nextBackslash = (bytes: Uint8Array, from: number): number => {
  let at = from;
  while (at < bytes.length && bytes[at] !== backslash) at++;
  return at;
};

const joinEnd = (bytes: Uint8Array): number =>
  bytes[bytes.length - 1] === newline && bytes.length > 2 ? bytes.length - 1 : bytes.length;

const isChallengeKey = (bytes: Uint8Array, start: number, end: number): boolean => {
  if (end - start !== challengeKey.length) return false;
  for (let i = 0; i < challengeKey.length; i++) {
    if (bytes[start + i] !== challengeKey[i]) return false;
  }
  return true;
};

const decimal = (bytes: Uint8Array, start: number, end: number): number => {
  if (end - start > 10 || bytes[start] === letter('0')) return 0;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] as number) - letter('0');
    if (digit < 0 || digit > 9) return 0;
    value = value * 10 + digit;
  }
  return value > 0xffffffff ? 0 : value;
};

const separable = (text: string): string => {
  if (/[\\\0]/.test(text)) throw new RangeError(`a backslash or zero inside ${text}`);
  return text;
};
