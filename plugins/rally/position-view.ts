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
    this.session = u32(bytes, 5);
    this.sequence = u32(bytes, 9);
    this.metres = f32(bytes, 13);
    this.x = f32(bytes, 17);
    this.y = f32(bytes, 21);
    this.speed = (bytes[25] as number) | ((bytes[26] as number) << 8);
    return this;
  }
}

const u32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)) >>>
  0;

const scratch = new DataView(new ArrayBuffer(4));
function f32(bytes: Uint8Array, at: number): number {
  scratch.setUint32(0, u32(bytes, at), true);
  const value = scratch.getFloat32(0, true);
  if (!Number.isFinite(value)) throw new DecodeError('invalid', at, 'is not a finite number');
  return value;
}
