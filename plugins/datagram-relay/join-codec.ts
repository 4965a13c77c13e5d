import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import {
  begin,
  copy,
  expectZeros,
  label,
  MAX_HANDSHAKE,
  MIN_OPEN,
  padded,
  readBlob,
  readMessage,
  sha256,
  writeBlob,
} from './handshake-format.js';

const JOIN_LABEL = label('join');

export interface Join {
  readonly senderId: number;
  readonly hopSecret: Uint8Array;
  readonly frontHash: Uint8Array;
  readonly endPart: Uint8Array;
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
  readonly expiry: number;
  /** To a relay only. */
  readonly ticket: Uint8Array;
}

export interface JoinOk {
  readonly code: number;
  readonly ownId: number;
  readonly serverPart: Uint8Array;
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
}

/** JOIN and JOIN_OK as they travel: id, nonce and what is encrypted. */
export interface Sealed {
  readonly id: number;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
  readonly associated: Uint8Array;
}
export const joinSigned = (endPart: Uint8Array, serverPart: Uint8Array): Uint8Array =>
  Buffer.concat([JOIN_LABEL, sha256(endPart), sha256(serverPart)]);

/** The plaintext of a JOIN, with zeros so that the datagram has its least length. */
export function encodeJoin(join: Join): Uint8Array {
  const writer = new ByteWriter(MIN_OPEN, MAX_HANDSHAKE - 34).u32le(join.senderId);
  writer.bytes(join.hopSecret).bytes(join.frontHash);
  writeBlob(writeBlob(writer, join.endPart), join.certificate).bytes(join.signature);
  return padded(writeBlob(writer.u32le(join.expiry), join.ticket), MIN_OPEN - 34);
}

export function decodeJoin(bytes: Uint8Array): Join {
  const reader = new ByteReader(bytes);
  const join = {
    senderId: reader.u32le(),
    hopSecret: copy(reader, 32),
    frontHash: copy(reader, 32),
    endPart: readBlob(reader),
    certificate: readBlob(reader),
    signature: copy(reader, 64),
    expiry: reader.u32le(),
    ticket: readBlob(reader),
  };
  if (join.senderId === 0) throw new DecodeError('invalid', 0, 'JOIN has session id 0');
  expectZeros(bytes, reader.offset);
  return join;
}

export const encodeJoinOk = (ok: JoinOk): Uint8Array => {
  const writer = new ByteWriter(512, MAX_HANDSHAKE - 34).u16le(ok.code).u32le(ok.ownId);
  return writeBlob(writeBlob(writer, ok.serverPart), ok.certificate).bytes(ok.signature).toBytes();
};

export function decodeJoinOk(bytes: Uint8Array): JoinOk {
  const reader = new ByteReader(bytes);
  const ok = {
    code: reader.u16le(),
    ownId: reader.u32le(),
    serverPart: readBlob(reader),
    certificate: readBlob(reader),
    signature: copy(reader, 64),
  };
  reader.end();
  return ok;
}

/** The first six bytes of JOIN and JOIN_OK, which are authenticated and not encrypted. */
export const sealedHeader = (lead: number, id: number): Uint8Array =>
  begin(lead, 8).u32le(id).toBytes();

export const encodeSealed = (
  header: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Uint8Array => Buffer.concat([header, nonce, ciphertext, tag]);

export function decodeSealed(bytes: Uint8Array, lead: number): Sealed {
  const reader = readMessage(bytes, lead, 34, MAX_HANDSHAKE);
  const id = reader.u32le();
  const nonce = copy(reader, 12);
  const ciphertext = copy(reader, reader.remaining - 16);
  return { id, nonce, ciphertext, tag: copy(reader, 16), associated: new Uint8Array(bytes.subarray(0, 6)) };
}
