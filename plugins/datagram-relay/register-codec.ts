import { DecodeError } from 'beaconry';
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
  MIN_REGISTER,
  padded,
  REGISTER_OK_LENGTH,
  readBlob,
  readMessage,
  readText,
  sha256,
  writeBlob,
  writeText,
} from './handshake-format.js';

const REGISTER_LABEL = label('register');

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

export const registerSigned = (hash: Uint8Array): Uint8Array =>
  Buffer.concat([REGISTER_LABEL, hash]);

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
  const covered = new Uint8Array(bytes.subarray(0, reader.offset));
  return { message, covered, hmac: copy(reader, HMAC_LENGTH) };
}
