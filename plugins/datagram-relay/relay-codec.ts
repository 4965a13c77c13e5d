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
const HMAC_LENGTH = 16;

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

export interface Probe {
  readonly nonce: Uint8Array;
  readonly time: Uint8Array;
}

export interface ProbeOk extends Probe {
  /** Unix seconds of the relay. */
  readonly relayTime: number;
  readonly cookie: Uint8Array;
  /** Where the relay saw the asker. */
  readonly observed: PeerAddress;
  /** Milliseconds. */
  readonly penalty: number;
  /** Seconds; {@link NO_SHUTDOWN}. */
  readonly shutdown: number;
  /** Packed POP code and milliseconds. */
  readonly pings: readonly (readonly [number, number])[];
}

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

export interface Authenticated<T> {
  readonly message: T;
  /** The bytes that the HMAC covers. */
  readonly covered: Uint8Array;
  readonly hmac: Uint8Array;
}

export interface Refused {
  readonly clientId: number;
  readonly code: number;
  readonly text: string;
}

export interface Register {
  readonly cookie: Uint8Array;
  readonly id: number;
  readonly key: Uint8Array;
  readonly time: number;
  readonly relayKey: Uint8Array;
  readonly appId: number;
  readonly pop: number;
  readonly identity: string;
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
}

export interface DecodedRegister extends Register {
  /** SHA-256 of what is signed, and of everything through the signature. */
  readonly signedHash: Uint8Array;
  readonly hash: Uint8Array;
}

export interface RegisterOk {
  readonly id: number;
  readonly relayEphemeral: Uint8Array;
  readonly lease: number;
  readonly shutdown: number;
}

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

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const label = (text: string): Uint8Array => Buffer.from(`beaconry R1 ${text}\0`);
const OPEN_LABEL = label('open');
const JOIN_LABEL = label('join');
const REGISTER_LABEL = label('register');

export const openSigned = (frontHash: Uint8Array, endPart: Uint8Array): Uint8Array =>
  Buffer.concat([OPEN_LABEL, frontHash, sha256(endPart)]);
export const joinSigned = (endPart: Uint8Array, serverPart: Uint8Array): Uint8Array =>
  Buffer.concat([JOIN_LABEL, sha256(endPart), sha256(serverPart)]);
export const registerSigned = (hash: Uint8Array): Uint8Array =>
  Buffer.concat([REGISTER_LABEL, hash]);

const begin = (lead: number, capacity = 256): ByteWriter =>
  new ByteWriter(capacity, MAX_HANDSHAKE).u8(lead).u8(VERSION);

function expectLead(reader: ByteReader, lead: number): void {
  if (reader.u8() !== lead) throw new DecodeError('unexpected', 0, `is not message ${lead} of R1`);
  const version = reader.u8();
  if (version !== VERSION) throw new DecodeError('unexpected', 1, `is R1 version ${version}`);
}

function readMessage(bytes: Uint8Array, lead: number, min: number, max: number): ByteReader {
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

const padded = (writer: ByteWriter, length: number): Uint8Array => {
  if (writer.length < length) writer.bytes(new Uint8Array(length - writer.length));
  return writer.toBytes();
};

const writeAddress = (writer: ByteWriter, address: PeerAddress): ByteWriter => {
  const bytes = new Uint8Array(16);
  address.writeBytes(bytes, 0);
  return writer.bytes(bytes).u16le(address.port);
};
const readAddress = (reader: ByteReader): PeerAddress => {
  const bytes = reader.view(16);
  return new PeerAddress().setBytes(bytes, 0, reader.u16le());
};

const copy = (reader: ByteReader, count: number): Uint8Array => reader.view(count).slice();
const readBlob = (reader: ByteReader): Uint8Array => copy(reader, reader.u16le());
const writeBlob = (writer: ByteWriter, bytes: Uint8Array): ByteWriter =>
  writer.u16le(bytes.length).bytes(bytes);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
function readText(reader: ByteReader): string {
  const at = reader.offset;
  try {
    return utf8.decode(reader.view(reader.u8()));
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError('invalid', at, 'text is not UTF-8');
  }
}
const writeText = (writer: ByteWriter, text: string): ByteWriter => {
  const bytes = Buffer.from(text);
  return writer.u8(bytes.length).bytes(bytes);
};

function readPorts(reader: ByteReader): number[] {
  const at = reader.offset;
  const count = reader.u8();
  if (count < 1 || count > MAX_PORTS)
    throw new DecodeError('invalid', at, `${count} virtual ports`);
  return Array.from({ length: count }, () => reader.u32le());
}
const writePorts = (writer: ByteWriter, ports: readonly number[]): ByteWriter => {
  writer.u8(ports.length);
  for (const port of ports) writer.u32le(port);
  return writer;
};

export const encodeProbe = ({ nonce, time }: Probe, length = MIN_PROBE): Uint8Array =>
  padded(begin(Lead.probe, length).bytes(nonce).bytes(time), length);

export function decodeProbe(bytes: Uint8Array): Probe {
  const reader = readMessage(bytes, Lead.probe, MIN_PROBE, MAX_PROBE);
  return { nonce: copy(reader, 8), time: copy(reader, 8) };
}

/** As many pings as fit into the length of the question. */
export function encodeProbeOk(ok: ProbeOk, limit: number): Uint8Array {
  const writer = begin(Lead.probeOk, 64).bytes(ok.nonce).bytes(ok.time).u32le(ok.relayTime);
  writeAddress(writer.bytes(ok.cookie), ok.observed);
  const room = Math.min(255, Math.floor((limit - 55) / 6));
  const pings = ok.pings.slice(0, Math.max(0, room));
  writer.u16le(ok.penalty).u16le(ok.shutdown).u8(pings.length);
  for (const [pop, ms] of pings) writer.u32le(pop).u16le(ms);
  return writer.toBytes();
}

export function decodeProbeOk(bytes: Uint8Array): ProbeOk {
  const reader = readMessage(bytes, Lead.probeOk, 55, MAX_PROBE);
  const ok = {
    nonce: copy(reader, 8),
    time: copy(reader, 8),
    relayTime: reader.u32le(),
    cookie: copy(reader, COOKIE_LENGTH),
    observed: readAddress(reader),
    penalty: reader.u16le(),
    shutdown: reader.u16le(),
  };
  const pings = Array.from(
    { length: reader.u8() },
    () => [reader.u32le(), reader.u16le()] as const,
  );
  reader.end();
  return { ...ok, pings };
}

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

/** Padding is zeros, so that no bit of a message can be changed unnoticed. */
function expectZeros(bytes: Uint8Array, from: number): void {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] !== 0) throw new DecodeError('invalid', i, 'padding is not zero');
  }
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
  const covered = bytes.slice(0, reader.offset);
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

export function encodeRegister(
  register: Omit<Register, 'signature'>,
  sign: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const writer = begin(Lead.register, MIN_REGISTER).bytes(register.cookie).u32le(register.id);
  writer.bytes(register.key).u32le(register.time).bytes(register.relayKey);
  writeText(writer.u32le(register.appId).u32le(register.pop), register.identity);
  writeBlob(writer, register.certificate);
  writer.bytes(sign(registerSigned(sha256(writer.toBytes()))));
  return padded(writer, MIN_REGISTER);
}

export function decodeRegister(bytes: Uint8Array): DecodedRegister {
  const reader = readMessage(bytes, Lead.register, MIN_REGISTER, MAX_HANDSHAKE);
  const cookie = copy(reader, COOKIE_LENGTH);
  const id = reader.u32le();
  if (id === 0) throw new DecodeError('invalid', 12, 'REGISTER has id 0');
  const rest = {
    key: copy(reader, 32),
    time: reader.u32le(),
    relayKey: copy(reader, 32),
    appId: reader.u32le(),
    pop: reader.u32le(),
    identity: readText(reader),
    certificate: readBlob(reader),
  };
  const signedHash = sha256(bytes.subarray(0, reader.offset));
  const signature = copy(reader, 64);
  const hash = sha256(bytes.subarray(0, reader.offset));
  expectZeros(bytes, reader.offset);
  return { cookie, id, ...rest, signature, signedHash, hash };
}

export function encodeRegisterOk(
  ok: RegisterOk,
  hmac: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const writer = begin(Lead.registerOk, REGISTER_OK_LENGTH).u32le(ok.id).bytes(ok.relayEphemeral);
  writer.u16le(ok.lease).u16le(ok.shutdown).bytes(new Uint8Array(28));
  return writer.bytes(hmac(writer.toBytes()).subarray(0, HMAC_LENGTH)).toBytes();
}

export function decodeRegisterOk(bytes: Uint8Array): Authenticated<RegisterOk> {
  const reader = readMessage(bytes, Lead.registerOk, REGISTER_OK_LENGTH, REGISTER_OK_LENGTH);
  const message = {
    id: reader.u32le(),
    relayEphemeral: copy(reader, 32),
    lease: reader.u16le(),
    shutdown: reader.u16le(),
  };
  reader.skip(28);
  const covered = bytes.slice(0, reader.offset);
  return { message, covered, hmac: copy(reader, HMAC_LENGTH) };
}

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
  return { id, nonce, ciphertext, tag: copy(reader, 16), associated: bytes.slice(0, 6) };
}
