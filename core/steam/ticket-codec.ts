import { crc32 } from 'node:zlib';
import { ByteReader } from '../net/byte-reader.js';
import { ByteWriter } from '../net/byte-writer.js';
import { DecodeError } from '../net/decode-error.js';

/** Bytes 0-51 of a session ticket: what the issuer registers with the backend. */
export const AUTH_PART_LENGTH = 52;
/** Bytes of the signature behind an ownership ticket. */
export const SIGNATURE_LENGTH = 128;
/** Wrappers hand over whole buffers; nothing longer is looked at. */
export const MAX_TICKET_LENGTH = 4096;

const GAME_CONNECT_LENGTH = 20;
const SESSION_HEADER_LENGTH = 24;

/** The game-connect section: a token of the backend, for whom, and when (seconds since 1970). */
export interface GameConnect {
  readonly token: bigint;
  readonly steamId: bigint;
  readonly time: number;
}

/** The session section of a ticket: which ticket of which connection it is. */
export interface SessionHeader {
  readonly word1: number;
  /** 2 auth session, 5 Web API. */
  readonly kind: number;
  /** The 8 bytes at 36: an address and filler before 2021, random since. */
  readonly nonce: Uint8Array;
  /** Milliseconds since the issuer connected. */
  readonly connectedFor: number;
  /** Tickets of this connection so far, from 1. */
  readonly count: number;
}

/** An add-on that an account owns, with the packages that give it. */
export interface OwnedDlc {
  readonly appId: number;
  readonly packages: readonly number[];
}

/** The signed statement of what an account owns (7.2); addresses are host-order numbers, times seconds. */
export interface OwnershipTicket {
  readonly version: number;
  readonly steamId: bigint;
  readonly appId: number;
  readonly externalIp: number;
  readonly internalIp: number;
  readonly flags: number;
  readonly generated: number;
  readonly expires: number;
  readonly packages: readonly number[];
  readonly dlc: readonly OwnedDlc[];
}

/** A whole ticket; each part is absent where the kind of ticket has none. */
export interface AppTicket {
  readonly gameConnect: GameConnect | undefined;
  readonly session: SessionHeader | undefined;
  readonly ownership: OwnershipTicket;
  /** Views into the given bytes: what is signed, and by what. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array | undefined;
  /** Bytes that belong to the ticket; what follows is rubbish of the caller's buffer. */
  readonly length: number;
}

/** The ticket's short name: CRC-32 of its first 52 bytes. */
export const ticketCrc = (authPart: Uint8Array): number =>
  crc32(authPart.subarray(0, AUTH_PART_LENGTH)) >>> 0;

/**
 * Reads any ticket of the Steam game server API, section 7: session and Web tickets, old connect blobs, bare
 * ownership tickets. Bytes after the signature are ignored. Throws DecodeError.
 */
export function decodeTicket(bytes: Uint8Array): AppTicket {
  if (bytes.length > MAX_TICKET_LENGTH) {
    throw new DecodeError('invalid', MAX_TICKET_LENGTH, `ticket of ${bytes.length} bytes`);
  }
  const reader = new ByteReader(bytes);
  if (reader.u32le() !== GAME_CONNECT_LENGTH) {
    return readOwnershipSection(new ByteReader(bytes), undefined, undefined, undefined);
  }
  const gameConnect = { token: reader.u64le(), steamId: reader.u64le(), time: reader.u32le() };
  const length = reader.u32le();
  if (length !== SESSION_HEADER_LENGTH) {
    return readOwnershipSection(reader, length, gameConnect, undefined);
  }
  const session: SessionHeader = {
    word1: reader.u32le(),
    kind: reader.u32le(),
    nonce: reader.view(8),
    connectedFor: reader.u32le(),
    count: reader.u32le(),
  };
  return readOwnershipSection(reader, reader.u32le(), gameConnect, session);
}

/** `length` is the announced length of section and signature; undefined for a bare ticket. */
function readOwnershipSection(
  reader: ByteReader,
  length: number | undefined,
  gameConnect: GameConnect | undefined,
  session: SessionHeader | undefined,
): AppTicket {
  const { bytes, offset: start } = reader;
  const ownLength = reader.u32le();
  if (ownLength < 46 || ownLength > bytes.length - start) {
    throw new DecodeError('invalid', start, `ownership ticket of ${ownLength} bytes`);
  }
  if (length !== undefined && length !== ownLength + SIGNATURE_LENGTH) {
    throw new DecodeError('invalid', start - 4, `ownership section of ${length} bytes`);
  }
  const ownership = readOwnership(reader);
  const end = start + ownLength;
  if (reader.offset !== end) {
    throw new DecodeError('invalid', start, `ownership ticket of other than ${ownLength} bytes`);
  }
  const signed = bytes.length - end >= SIGNATURE_LENGTH;
  if (length !== undefined && !signed) {
    throw new DecodeError('truncated', bytes.length, 'the signature is cut off');
  }
  return {
    gameConnect,
    session,
    ownership,
    signedBytes: bytes.subarray(start, end),
    signature: signed ? bytes.subarray(end, end + SIGNATURE_LENGTH) : undefined,
    length: end + (signed ? SIGNATURE_LENGTH : 0),
  };
}

function readOwnership(reader: ByteReader): OwnershipTicket {
  const ticket = {
    version: reader.u32le(),
    steamId: reader.u64le(),
    appId: reader.u32le(),
    externalIp: reader.u32le(),
    internalIp: reader.u32le(),
    flags: reader.u32le(),
    generated: reader.u32le(),
    expires: reader.u32le(),
    packages: readPackages(reader),
    dlc: [] as OwnedDlc[],
  };
  const count = reader.u16le();
  for (let i = 0; i < count; i++) {
    ticket.dlc.push({ appId: reader.u32le(), packages: readPackages(reader) });
  }
  reader.u16le();
  return ticket;
}

function readPackages(reader: ByteReader): number[] {
  const count = reader.u16le();
  const packages: number[] = [];
  for (let i = 0; i < count; i++) packages.push(reader.u32le());
  return packages;
}

/** Ownership ticket without its signature. */
export function encodeOwnership(ticket: OwnershipTicket): Uint8Array {
  const dlcLength = ticket.dlc.reduce((sum, dlc) => sum + 6 + 4 * dlc.packages.length, 0);
  const length = 46 + 4 * ticket.packages.length + dlcLength;
  const writer = new ByteWriter(length)
    .u32le(length)
    .u32le(ticket.version)
    .u64le(ticket.steamId)
    .u32le(ticket.appId)
    .u32le(ticket.externalIp)
    .u32le(ticket.internalIp)
    .u32le(ticket.flags)
    .u32le(ticket.generated)
    .u32le(ticket.expires)
    .u16le(ticket.packages.length);
  for (const id of ticket.packages) writer.u32le(id);
  writer.u16le(ticket.dlc.length);
  for (const dlc of ticket.dlc) {
    writer.u32le(dlc.appId).u16le(dlc.packages.length);
    for (const id of dlc.packages) writer.u32le(id);
  }
  return writer.u16le(0).toBytes();
}

/** The first 52 bytes of a session or Web ticket. */
export function encodeAuthPart(gameConnect: GameConnect, session: SessionHeader): Uint8Array {
  return writeGameConnect(new ByteWriter(AUTH_PART_LENGTH), gameConnect)
    .u32le(SESSION_HEADER_LENGTH)
    .u32le(session.word1)
    .u32le(session.kind)
    .bytes(session.nonce.subarray(0, 8))
    .u32le(session.connectedFor)
    .u32le(session.count)
    .toBytes();
}

/** A whole ticket from its first 52 bytes and the signed ownership ticket (signature included). */
export const encodeTicket = (authPart: Uint8Array, signedOwnership: Uint8Array): Uint8Array =>
  new ByteWriter(authPart.length + 4 + signedOwnership.length)
    .bytes(authPart)
    .u32le(signedOwnership.length)
    .bytes(signedOwnership)
    .toBytes();

/** The blob of the old connect call: no session header. */
export const encodeConnectBlob = (
  gameConnect: GameConnect,
  signedOwnership: Uint8Array,
): Uint8Array =>
  writeGameConnect(new ByteWriter(28 + signedOwnership.length), gameConnect)
    .u32le(signedOwnership.length)
    .bytes(signedOwnership)
    .toBytes();

/** The 24 bytes of the game-connect section: what an old connect blob registers with the backend. */
export const encodeGameConnect = (gameConnect: GameConnect): Uint8Array =>
  writeGameConnect(new ByteWriter(24), gameConnect).toBytes();

const writeGameConnect = (writer: ByteWriter, gameConnect: GameConnect): ByteWriter =>
  writer
    .u32le(GAME_CONNECT_LENGTH)
    .u64le(gameConnect.token)
    .u64le(gameConnect.steamId)
    .u32le(gameConnect.time);
