import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import { PREFIX } from './rally-messages.js';

const MAX_MESSAGE = 1200;
const HASH_LENGTH = 8;

/** A message of that type, to be written on. */
export const openMessage = (type: number): ByteWriter =>
  new ByteWriter(64, MAX_MESSAGE).bytes(PREFIX).u8(type);

/** Errors: DecodeError for what is longer than a message or none of ours. */
export function openReader(bytes: Uint8Array): ByteReader {
  if (bytes.length > MAX_MESSAGE) throw new DecodeError('invalid', 0, 'message too long');
  const reader = new ByteReader(bytes);
  reader.expect(PREFIX, 'a rally message');
  return reader;
}

export function writeHash(writer: ByteWriter, hash: string): ByteWriter {
  const bytes = new Uint8Array(HASH_LENGTH);
  bytes.set(Buffer.from(hash, 'hex').subarray(0, HASH_LENGTH));
  return writer.bytes(bytes);
}

export const readHash = (reader: ByteReader): string =>
  Buffer.from(reader.view(HASH_LENGTH)).toString('hex');
