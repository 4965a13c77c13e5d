import { createHash } from 'node:crypto';
import { ByteReader, ByteWriter, DecodeError, PeerAddress } from 'beaconry';

/** Messages of the relay protocol R1 before and beside data; byte layouts in docs/relay-protocol.md. */
export const Lead = {
  probe: 1,
  probeOk: 2,
  open: 3,
  openOk: 4,
  join: 5,
  joinOk: 6,
  register: 7,
  registerOk: 8,
  refused: 9,
} as const;
export const VERSION = 1;
export const MIN_PROBE = 64;
export const MAX_PROBE = 1200;
export const MIN_OPEN = 1200;
export const MIN_REGISTER = 512;
export const REGISTER_OK_LENGTH = 86;
export const MAX_HANDSHAKE = 1400;
export const COOKIE_LENGTH = 10;
export const NO_SHUTDOWN = 0xffff;
export const MAX_PORTS = 16;
/** An entry of the port table that the server does not serve. */
export const NO_PORT = 0xffffffff;
export const HMAC_LENGTH = 16;
export const NO_BYTES = new Uint8Array();

export const Refusal = {
  ticketExpired: 1,
  ticket: 2,
  certificate: 3,
  signature: 4,
  mismatch: 5,
  replay: 6,
  busy: 7,
  noServer: 8,
  server: 9,
  relay: 10,
  shutdown: 11,
} as const;

export interface Authenticated<T> {
  readonly message: T;
  /** The bytes that the HMAC covers. */
  readonly covered: Uint8Array;
  readonly hmac: Uint8Array;
}

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** What a signature covers begins with the message's name. */
export const label = (text: string): Uint8Array => Buffer.from(`beaconry R1 ${text}\0`);

export const begin = (lead: number, capacity = 256): ByteWriter =>
  new ByteWriter(capacity, MAX_HANDSHAKE).u8(lead).u8(VERSION);

export function expectLead(reader: ByteReader, lead: number): void {
  if (reader.u8() !== lead) throw new DecodeError('unexpected', 0, `is not message ${lead} of R1`);
  const version = reader.u8();
  if (version !== VERSION) throw new DecodeError('unexpected', 1, `is R1 version ${version}`);
}

export function readMessage(bytes: Uint8Array, lead: number, min: number, max: number): ByteReader {
  const reader = new ByteReader(bytes);
  expectLead(reader, lead);
  if (bytes.length < min || bytes.length > max) {
    throw new DecodeError(
      'invalid',
      bytes.length,
      `message of ${bytes.length}, not ${min} to ${max} bytes`,
    );
  }
  return reader;
}

export const padded = (writer: ByteWriter, length: number): Uint8Array => {
  if (writer.length < length) writer.bytes(new Uint8Array(length - writer.length));
  return writer.toBytes();
};

export const writeAddress = (writer: ByteWriter, address: PeerAddress): ByteWriter => {
  const bytes = new Uint8Array(16);
  address.writeBytes(bytes, 0);
  return writer.bytes(bytes).u16le(address.port);
};
export const readAddress = (reader: ByteReader): PeerAddress => {
  const bytes = reader.view(16);
  return new PeerAddress().setBytes(bytes, 0, reader.u16le());
};

/**
 * Bytes of its own. Not `slice`: that of a Buffer gives a view, and what is kept would change with the memory of
 * the driver.
 */
export const copy = (reader: ByteReader, count: number): Uint8Array =>
  new Uint8Array(reader.view(count));
export const readBlob = (reader: ByteReader): Uint8Array => copy(reader, reader.u16le());
export const writeBlob = (writer: ByteWriter, bytes: Uint8Array): ByteWriter =>
  writer.u16le(bytes.length).bytes(bytes);

export const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
export function readText(reader: ByteReader): string {
  const at = reader.offset;
  try {
    return utf8.decode(reader.view(reader.u8()));
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError('invalid', at, 'text is not UTF-8');
  }
}
export const writeText = (writer: ByteWriter, text: string): ByteWriter => {
  const bytes = Buffer.from(text);
  return writer.u8(bytes.length).bytes(bytes);
};

export function readPorts(reader: ByteReader): number[] {
  const at = reader.offset;
  const count = reader.u8();
  if (count < 1 || count > MAX_PORTS)
    throw new DecodeError('invalid', at, `${count} virtual ports`);
  return Array.from({ length: count }, () => reader.u32le());
}
export const writePorts = (writer: ByteWriter, ports: readonly number[]): ByteWriter => {
  writer.u8(ports.length);
  for (const port of ports) writer.u32le(port);
  return writer;
};
/** Padding is zeros, so that no bit of a message can be changed unnoticed. */
export function expectZeros(bytes: Uint8Array, from: number): void {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] !== 0) throw new DecodeError('invalid', i, 'padding is not zero');
  }
}
