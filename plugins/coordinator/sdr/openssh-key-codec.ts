import { createHash } from 'node:crypto';
import { ByteReader, ByteWriter, DecodeError } from 'beaconry';
import { armour, armoured, decodeBase64, encodeBase64 } from './armour-codec.js';

/** Raw halves of an Ed25519 key pair, 32 bytes each. */
export interface RawKeyPair {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

const LABEL = 'OPENSSH PRIVATE KEY';
const KIND = 'ssh-ed25519';
const MAGIC = new TextEncoder().encode('openssh-key-v1\0');
const MAX_BYTES = 4096;

/** First 8 bytes of SHA-256 over the 32 public key bytes, little-endian (sdr section 4). */
export const keyIdOf = (publicKey: Uint8Array): bigint =>
  createHash('sha256').update(publicKey).digest().readBigUInt64LE(0);

/** `ssh-ed25519 <base64> ID<key id>`. */
export function encodePublicLine(publicKey: Uint8Array): string {
  const blob = new ByteWriter();
  writeString(blob, KIND);
  writeString(blob, publicKey);
  return `${KIND} ${encodeBase64(blob.toBytes())} ID${keyIdOf(publicKey)}`;
}

/** Reads such a line; the comment is optional, but one of the form `ID<digits>` must be the key's id. */
export function decodePublicLine(line: string): Uint8Array {
  const [kind, base64, comment] = line.trim().split(/\s+/);
  if (kind !== KIND || base64 === undefined) {
    throw new DecodeError('unexpected', 0, `is not a line "${KIND} <base64>"`);
  }
  const reader = new ByteReader(decodeBase64(base64, MAX_BYTES));
  const publicKey = readPublicBlob(reader);
  reader.end();
  const id = /^ID(\d{1,20})$/.exec(comment ?? '')?.[1];
  if (id !== undefined && BigInt(id) !== keyIdOf(publicKey)) {
    throw new DecodeError(
      'invalid',
      0,
      `key has the id ${keyIdOf(publicKey)}, its comment says ${id}`,
    );
  }
  return publicKey;
}

/**
 * Writes an unencrypted key as `ssh-keygen` does: comment `ID<key id>`, padded to 8 bytes.
 * The two equal check words come from the public key, so that the same key gives the same file.
 */
export function encodePrivateKey({ seed, publicKey }: RawKeyPair): string {
  const check = createHash('sha256').update(publicKey).digest().readUInt32BE(0);
  const secret = new ByteWriter().u32be(check).u32be(check);
  writeString(secret, KIND);
  writeString(secret, publicKey);
  secret.u32be(64).bytes(seed).bytes(publicKey);
  writeString(secret, `ID${keyIdOf(publicKey)}`);
  for (let i = 1; secret.length % 8 !== 0; i++) secret.u8(i);

  const blob = new ByteWriter();
  writeString(blob, KIND);
  writeString(blob, publicKey);
  const file = new ByteWriter().bytes(MAGIC);
  writeString(file, 'none');
  writeString(file, 'none');
  writeString(file, '');
  file.u32be(1);
  writeString(file, blob.toBytes());
  writeString(file, secret.toBytes());
  return armour(file.toBytes(), LABEL, 70);
}

/**
 * Reads an unencrypted Ed25519 key in OpenSSH PEM: with comment and padding as `ssh-keygen` writes it, or
 * without both; any line ends, or all in one line. DecodeError says what is wrong, never with key bytes.
 */
export function decodePrivateKey(text: string): RawKeyPair {
  const body = armoured(text, LABEL);
  if (body === undefined) throw new DecodeError('unexpected', 0, `has no "BEGIN ${LABEL}" and END`);
  const reader = new ByteReader(decodeBase64(body, MAX_BYTES));
  reader.expect(MAGIC, 'an openssh-key-v1 file');
  const cipher = readText(reader);
  const derivation = readText(reader);
  if (cipher !== 'none' || derivation !== 'none') {
    throw new DecodeError(
      'unexpected',
      reader.offset,
      'key is protected by a passphrase; remove it with ssh-keygen -p',
    );
  }
  readString(reader);
  const count = reader.u32be();
  if (count !== 1) throw new DecodeError('invalid', reader.offset, `file holds ${count} keys`);
  const publicKey = readPublicBlob(new ByteReader(readString(reader)));
  const secret = new ByteReader(readString(reader));
  reader.end();
  const check = secret.u32be();
  if (secret.u32be() !== check) {
    throw new DecodeError('invalid', 4, 'check words of the key differ');
  }
  const inner = readPublicBlob(secret);
  const pair = readString(secret);
  if (pair.length !== 64 || !equal(inner, publicKey) || !equal(pair.subarray(32), publicKey)) {
    throw new DecodeError(
      'invalid',
      secret.offset,
      'private and public half do not belong together',
    );
  }
  readTail(secret);
  return { seed: pair.slice(0, 32), publicKey: publicKey.slice() };
}

/** Comment and padding 1, 2, 3 … after the key; the public cert tool leaves out both. */
function readTail(reader: ByteReader): void {
  if (reader.remaining === 0) return;
  readString(reader);
  if (reader.remaining > 255)
    throw new DecodeError('invalid', reader.offset, 'padding is too long');
  for (let i = 1; reader.remaining > 0; i++) {
    if (reader.u8() !== i) throw new DecodeError('invalid', reader.offset - 1, 'padding is wrong');
  }
}

function readPublicBlob(reader: ByteReader): Uint8Array {
  const kind = readText(reader);
  if (kind !== KIND) {
    throw new DecodeError('unexpected', reader.offset, `is not an Ed25519 key`);
  }
  const publicKey = readString(reader);
  if (publicKey.length !== 32) {
    throw new DecodeError('invalid', reader.offset, `public key of ${publicKey.length} bytes`);
  }
  return publicKey.slice();
}

const readString = (reader: ByteReader): Uint8Array => reader.view(reader.u32be());
const readText = (reader: ByteReader): string => Buffer.from(readString(reader)).toString('latin1');

function writeString(writer: ByteWriter, value: string | Uint8Array): void {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  writer.u32be(bytes.length).bytes(bytes);
}

const equal = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
