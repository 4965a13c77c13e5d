import type { PayloadType } from './envelope.js';

/** What stands between the texts of destination and payload. */
export const AFTER_DESTINATION = Buffer.from('","payload":"');
/** What closes a canonical body after the bytes of the payload. */
export const CANONICAL_END = Buffer.from('"}');

/** The bytes of an id as they stand between quotes in our frames. */
export const idBytes = (id: string): Buffer => Buffer.from(JSON.stringify(id).slice(1, -1));

/** The start of every canonical body of this type from this source, up to the destination's text. */
export const canonicalStart = (type: PayloadType, source: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`{"payloadType":"${type}","source":"`),
    source,
    Buffer.from('","destination":"'),
  ]);

/** The members of a frame that we or a client write; those left out are undefined. */
export interface EnvelopeMembers {
  readonly payloadType: PayloadType;
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  readonly secret?: string | undefined;
  readonly payload?: string | undefined;
}

/** A whole frame, length included, with the members in the order of the original. */
export function encodeFrame(members: EnvelopeMembers): Buffer {
  const { payloadType, source, destination, secret, payload } = members;
  const body = JSON.stringify({ payloadType, source, destination, secret, payload });
  const length = Buffer.byteLength(body);
  const frame = Buffer.allocUnsafe(4 + length);
  frame.writeUInt32BE(length, 0);
  frame.write(body, 4, 'utf8');
  return frame;
}

/**
 * The start of a frame up to the payload's text: length, then `type`, `source` and `destination` as they
 * stand between quotes. The payload's `payloadLength` bytes and {@link CANONICAL_END} follow it.
 */
export function encodeFrameStart(
  start: Buffer,
  destination: Buffer,
  payloadLength: number,
): Buffer {
  const size = start.length + destination.length + AFTER_DESTINATION.length;
  const frame = Buffer.allocUnsafe(4 + size);
  frame.writeUInt32BE(size + payloadLength + CANONICAL_END.length, 0);
  frame.set(start, 4);
  frame.set(destination, 4 + start.length);
  frame.set(AFTER_DESTINATION, 4 + start.length + destination.length);
  return frame;
}
