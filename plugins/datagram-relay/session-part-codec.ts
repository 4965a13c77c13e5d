import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import {
  copy,
  MAX_HANDSHAKE,
  readPorts,
  readText,
  VERSION,
  writePorts,
  writeText,
} from './handshake-format.js';

export interface EndPart {
  readonly appId: number;
  readonly connection: Uint8Array;
  readonly key: Uint8Array;
  readonly random: Uint8Array;
  readonly client: string;
  readonly server: string;
  readonly ports: readonly number[];
}

export interface ServerPart {
  readonly key: Uint8Array;
  readonly random: Uint8Array;
  readonly server: string;
  readonly ports: readonly number[];
}

export const encodeEndPart = (part: EndPart): Uint8Array => {
  const writer = new ByteWriter(192, MAX_HANDSHAKE).u8(VERSION).u32le(part.appId);
  writer.bytes(part.connection).bytes(part.key).bytes(part.random);
  return writePorts(writeText(writeText(writer, part.client), part.server), part.ports).toBytes();
};

export function decodeEndPart(bytes: Uint8Array): EndPart {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new DecodeError('unexpected', 0, `end part of version ${version}`);
  const part = {
    appId: reader.u32le(),
    connection: copy(reader, 8),
    key: copy(reader, 32),
    random: copy(reader, 16),
    client: readText(reader),
    server: readText(reader),
    ports: readPorts(reader),
  };
  reader.end();
  return part;
}

export const encodeServerPart = (part: ServerPart): Uint8Array => {
  const writer = new ByteWriter(128, MAX_HANDSHAKE).u8(VERSION).bytes(part.key).bytes(part.random);
  return writePorts(writeText(writer, part.server), part.ports).toBytes();
};

export function decodeServerPart(bytes: Uint8Array): ServerPart {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== VERSION)
    throw new DecodeError('unexpected', 0, `server part of version ${version}`);
  const part = {
    key: copy(reader, 32),
    random: copy(reader, 16),
    server: readText(reader),
    ports: readPorts(reader),
  };
  reader.end();
  return part;
}
