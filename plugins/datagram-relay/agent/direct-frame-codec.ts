import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import { MAX_SIGNED_TICKET } from '../../coordinator/sdr/relay-ticket-codec.js';

/** What agents put before each message of plain UDP: a place in the port table, or one of these. */
export const MESSAGE_FRAME = 0xffff;
const TABLE_FRAME = 0xfffe;

/** The first message of both sides, reliable: the port table, the client's with its ticket. */
export interface DirectTable {
  readonly ports: readonly number[];
  readonly ticket: Uint8Array;
}

const VERSION = 1;
const MAX_PORTS = 16;
/** Bytes of a table at most. */
export const MAX_TABLE = 4 + MAX_PORTS * 4 + 2 + MAX_SIGNED_TICKET;

export const encodeDirectFrame = (index: number, bytes: Uint8Array): Uint8Array =>
  new ByteWriter(2 + bytes.length, 2 + bytes.length).u16le(index).bytes(bytes).toBytes();

/** A view into the message. */
export function decodeDirectFrame(message: Uint8Array): {
  readonly index: number;
  readonly bytes: Uint8Array;
} {
  const reader = new ByteReader(message);
  return { index: reader.u16le(), bytes: reader.view(reader.remaining) };
}

export function encodeDirectTable({ ports, ticket }: DirectTable): Uint8Array {
  const writer = new ByteWriter(256, MAX_TABLE).u16le(TABLE_FRAME).u8(VERSION).u8(ports.length);
  for (const port of ports) writer.u32le(port);
  return writer.u16le(ticket.length).bytes(ticket).toBytes();
}

export function decodeDirectTable(message: Uint8Array): DirectTable {
  const reader = new ByteReader(message);
  const [frame, version, count] = [reader.u16le(), reader.u8(), reader.u8()];
  if (frame !== TABLE_FRAME || version !== VERSION) {
    throw new DecodeError('unexpected', 0, `no port table of version ${VERSION}`);
  }
  if (count === 0 || count > MAX_PORTS) throw new DecodeError('invalid', 3, `${count} ports`);
  const ports = Array.from({ length: count }, () => reader.u32le());
  const ticket = new Uint8Array(reader.view(reader.u16le()));
  reader.end();
  return { ports, ticket };
}
