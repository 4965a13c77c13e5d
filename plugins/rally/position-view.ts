import { DecodeError } from 'beaconry';
import type { Position } from './rally-messages.js';

export const POSITION_LENGTH = 27;

/**
 * The message that comes twenty times a second from everybody, read into one object that is used again: nothing is
 * made per datagram.
 */
export class PositionView implements Position {
  session = 0;
  sequence = 0;
  metres = 0;
  x = 0;
  y = 0;
  speed = 0;

  /** Errors: DecodeError for anything that is not exactly one position. */
  read(bytes: Uint8Array): this {
    if (bytes.length < POSITION_LENGTH) {
      throw new DecodeError('truncated', bytes.length, 'a position has 27 bytes');
    }
    if (bytes.length > POSITION_LENGTH) {
      throw new DecodeError('invalid', POSITION_LENGTH, 'bytes behind a position');
    }
    this.session = readWord(bytes, 5);
    this.sequence = readWord(bytes, 9);
    this.metres = readFloat(bytes, 13);
    this.x = readFloat(bytes, 17);
    this.y = readFloat(bytes, 21);
    this.speed = readShort(bytes, 25);
    return this;
  }
}

export const readShort = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

export const readWord = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)) >>>
  0;

const scratch = new DataView(new ArrayBuffer(4));
/** Errors: DecodeError for what is no finite number. */
export function readFloat(bytes: Uint8Array, at: number): number {
  scratch.setUint32(0, readWord(bytes, at), true);
  const value = scratch.getFloat32(0, true);
  if (!Number.isFinite(value)) throw new DecodeError('invalid', at, 'is not a finite number');
  return value;
}
