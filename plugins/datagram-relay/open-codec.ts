import { DecodeError, type PeerAddress } from 'beaconry';
import {
  type Authenticated,
  begin,
  COOKIE_LENGTH,
  copy,
  expectZeros,
  HMAC_LENGTH,
  Lead,
  label,
  MAX_HANDSHAKE,
  MIN_OPEN,
  padded,
  readAddress,
  readBlob,
  readMessage,
  readText,
  sha256,
  writeAddress,
  writeBlob,
  writeText,
} from './handshake-format.js';

const OPEN_LABEL = label('open');

export interface Open {
  readonly cookie: Uint8Array;
  readonly clientId: number;
  readonly hopKey: Uint8Array;
  readonly random: Uint8Array;
  readonly relayKey: Uint8Array;
  readonly peerToPeer: boolean;
  readonly next: PeerAddress | undefined;
  readonly ticket: Uint8Array;
  readonly certificate: Uint8Array;
  readonly endPart: Uint8Array;
  readonly signature: Uint8Array;
}

export interface DecodedOpen extends Open {
  readonly frontHash: Uint8Array;
  /** SHA-256 of everything through the signature. */
  readonly hash: Uint8Array;
}

export interface OpenOk {
  readonly clientId: number;
  readonly relayId: number;
  readonly relayEphemeral: Uint8Array;
  /** Unix seconds. */
  readonly expiry: number;
  readonly serverPart: Uint8Array;
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
  readonly token: Uint8Array;
}

export interface Refused {
  readonly clientId: number;
  readonly code: number;
  readonly text: string;
}

export const openSigned = (frontHash: Uint8Array, endPart: Uint8Array): Uint8Array =>
  Buffer.concat([OPEN_LABEL, frontHash, sha256(endPart)]);

/** `sign` gets the bytes that the certificate's key signs. */
export function encodeOpen(
  open: Omit<Open, 'signature'>,
  sign: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const writer = begin(Lead.open, MIN_OPEN).bytes(open.cookie).u32le(open.clientId);
  writer.bytes(open.hopKey).bytes(open.random).bytes(open.relayKey);
  writer.u8(open.peerToPeer ? 1 : 0).u8(open.next === undefined ? 0 : 1);
  if (open.next !== undefined) writeAddress(writer, open.next);
  writeBlob(writeBlob(writer, open.ticket), open.certificate);
  const frontHash = sha256(writer.toBytes());
  writeBlob(writer, open.endPart).bytes(sign(openSigned(frontHash, open.endPart)));
  return padded(writer, MIN_OPEN);
}

/** The cookie alone, which is checked before anything is read further. */
export const cookieOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(2, 12);

export function decodeOpen(bytes: Uint8Array): DecodedOpen {
  const reader = readMessage(bytes, Lead.open, MIN_OPEN, MAX_HANDSHAKE);
  const cookie = copy(reader, COOKIE_LENGTH);
  const clientId = reader.u32le();
  const hopKey = copy(reader, 32);
  const random = copy(reader, 16);
  const relayKey = copy(reader, 32);
  const flags = reader.u8();
  const hops = reader.u8();
  if (clientId === 0 || flags > 1 || hops > 1) {
    throw new DecodeError('invalid', 96, 'OPEN has impossible flags, hops or session id');
  }
  const next = hops === 1 ? readAddress(reader) : undefined;
  const ticket = readBlob(reader);
  const certificate = readBlob(reader);
  const frontHash = sha256(bytes.subarray(0, reader.offset));
  const endPart = readBlob(reader);
  const signature = copy(reader, 64);
  const hash = sha256(bytes.subarray(0, reader.offset));
  expectZeros(bytes, reader.offset);
  return {
    cookie,
    clientId,
    hopKey,
    random,
    relayKey,
    peerToPeer: flags === 1,
    next,
    ticket,
    certificate,
    endPart,
    signature,
    frontHash,
    hash,
  };
}

export function encodeOpenOk(ok: OpenOk, hmac: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const writer = begin(Lead.openOk, 512).u32le(ok.clientId).u32le(ok.relayId);
  writer.bytes(ok.relayEphemeral).u32le(ok.expiry);
  writeBlob(writeBlob(writer, ok.serverPart), ok.certificate).bytes(ok.signature);
  writeBlob(writer, ok.token);
  return writer.bytes(hmac(writer.toBytes()).subarray(0, HMAC_LENGTH)).toBytes();
}

export function decodeOpenOk(bytes: Uint8Array): Authenticated<OpenOk> {
  const reader = readMessage(bytes, Lead.openOk, 2, MAX_HANDSHAKE);
  const message = {
    clientId: reader.u32le(),
    relayId: reader.u32le(),
    relayEphemeral: copy(reader, 32),
    expiry: reader.u32le(),
    serverPart: readBlob(reader),
    certificate: readBlob(reader),
    signature: copy(reader, 64),
    token: readBlob(reader),
  };
  const covered = new Uint8Array(bytes.subarray(0, reader.offset));
  const hmac = copy(reader, HMAC_LENGTH);
  reader.end();
  return { message, covered, hmac };
}

export const encodeRefused = ({ clientId, code, text }: Refused): Uint8Array =>
  writeText(begin(Lead.refused, 128).u32le(clientId).u16le(code), text.slice(0, 100)).toBytes();

export function decodeRefused(bytes: Uint8Array): Refused {
  const reader = readMessage(bytes, Lead.refused, 9, 512);
  const refused = { clientId: reader.u32le(), code: reader.u16le(), text: readText(reader) };
  reader.end();
  return refused;
}
