import { readFileSync } from 'node:fs';
import { parseHex } from 'beaconry/testing';

/** One frame of `fixtures/packets/relay-NAME.hex`, length included. */
export const packet = (name: string): Buffer =>
  Buffer.from(parseHex(readFileSync(`fixtures/packets/relay-${name}.hex`, 'utf8')));

/** Every name of the examples in the specification. */
export const PACKETS = [
  'init',
  'init-answer',
  'init-source',
  'init-vector',
  'message',
  'message-utf8',
  'message-vector',
  'error-peer',
  'error-held',
  'error-unknown',
  'close',
] as const;

/** A frame around a body that is given as text. */
export const frameOf = (body: string | Buffer): Buffer => {
  const bytes = Buffer.from(body);
  const frame = Buffer.alloc(4 + bytes.length);
  frame.writeUInt32BE(bytes.length);
  bytes.copy(frame, 4);
  return frame;
};
