import { DecodeError } from 'beaconry';
import { readFloat, readShort, readWord } from './position-view.js';

/** What one driver tells another: where he is. No times of controls are in it, those come from the server alone. */
export interface PeerPosition {
  readonly stage: number;
  /** Rally time in milliseconds, its low 32 bits. */
  readonly time: number;
  /** Metres from the start of the stage. */
  readonly metres: number;
  readonly x: number;
  readonly y: number;
  /** Centimetres per second. */
  readonly speed: number;
}

export const PEER_POSITION_LENGTH = 21;
const FORM = 1;

const written = new Uint8Array(PEER_POSITION_LENGTH);
const scratch = new DataView(written.buffer);

/** The bytes are good until the next call. */
export function encodePeerPosition(position: PeerPosition): Uint8Array {
  scratch.setUint8(0, FORM);
  scratch.setUint16(1, position.stage, true);
  scratch.setUint32(3, position.time, true);
  scratch.setFloat32(7, position.metres, true);
  scratch.setFloat32(11, position.x, true);
  scratch.setFloat32(15, position.y, true);
  scratch.setUint16(19, position.speed, true);
  return written;
}

/** Errors: DecodeError for anything that is not exactly one position. `into` is used again: nothing is made per datagram. */
export function decodePeerPosition(
  bytes: Uint8Array,
  into: { -readonly [Key in keyof PeerPosition]: PeerPosition[Key] } = emptyPosition(),
): PeerPosition {
  if (bytes.length < PEER_POSITION_LENGTH) {
    throw new DecodeError('truncated', bytes.length, 'a position between drivers has 21 bytes');
  }
  if (bytes.length > PEER_POSITION_LENGTH) {
    throw new DecodeError('invalid', PEER_POSITION_LENGTH, 'bytes behind a position');
  }
  if (bytes[0] !== FORM) throw new DecodeError('unexpected', 0, `form ${bytes[0]} is not known`);
  into.stage = readShort(bytes, 1);
  into.time = readWord(bytes, 3);
  into.metres = readFloat(bytes, 7);
  into.x = readFloat(bytes, 11);
  into.y = readFloat(bytes, 15);
  into.speed = readShort(bytes, 19);
  return into;
}

export const emptyPosition = () => ({ stage: 0, time: 0, metres: 0, x: 0, y: 0, speed: 0 });
