import { ByteReader, ByteWriter, DecodeError } from 'beaconry';

/** Payload of the first frame of a pipe; anything else is a lobby greeting. */
export const PIPE_GREETING = Buffer.from('Aiya!\n', 'latin1');
/** Ample for the frames of the handshake. */
const FRAME_LIMIT = 256;
const UUID_LENGTH = 36;

export type PipeRole = 'server' | 'client';

/**
 * What both ends of a pipe say first (VCMI proxy lobby, section 8): three frames, each length (uint32, little-endian)
 * and bytes - `Aiya!\n`, a name with the role in parentheses, the uuid - and one byte without a frame.
 */
export interface PipeHandshake {
  /** Such as `VCMI 1.2.1 (server)`. */
  readonly name: string;
  readonly role: PipeRole;
  readonly uuid: string;
  /** 1 on a little-endian machine. */
  readonly endianness: number;
}

export function encodePipeHandshake({
  name,
  uuid,
  endianness,
}: Omit<PipeHandshake, 'role'>): Uint8Array {
  const writer = new ByteWriter();
  for (const part of [PIPE_GREETING, Buffer.from(name, 'latin1'), Buffer.from(uuid, 'latin1')]) {
    writer.u32le(part.length).bytes(part);
  }
  return writer.u8(endianness).toBytes();
}

/** Reads a handshake from the start of a stream; a DecodeError of kind `truncated` asks for more bytes. */
export function decodePipeHandshake(bytes: Uint8Array): {
  readonly handshake: PipeHandshake;
  /** Bytes of the handshake; what follows is the game's. */
  readonly length: number;
} {
  const reader = new ByteReader(bytes);
  reader.expect(frameHeader(PIPE_GREETING.length), 'a pipe handshake');
  reader.expect(PIPE_GREETING, 'a pipe handshake');
  const name = readFrame(reader, FRAME_LIMIT);
  const role = /\((server|client)\)/.exec(name)?.[1] as PipeRole | undefined;
  if (role === undefined) {
    throw new DecodeError('invalid', reader.offset, 'names neither (server) nor (client)');
  }
  const uuid = readFrame(reader, UUID_LENGTH);
  if (uuid.length !== UUID_LENGTH) {
    throw new DecodeError('invalid', reader.offset, `a uuid has ${UUID_LENGTH} characters`);
  }
  const endianness = reader.u8();
  return { handshake: { name, role, uuid, endianness }, length: reader.offset };
}

function readFrame(reader: ByteReader, limit: number): string {
  const length = reader.u32le();
  if (length === 0 || length > limit) {
    throw new DecodeError('invalid', reader.offset, `a frame of ${length} bytes, limit ${limit}`);
  }
  return Buffer.from(reader.view(length)).toString('latin1');
}

const frameHeader = (length: number): Buffer => {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(length);
  return header;
};
