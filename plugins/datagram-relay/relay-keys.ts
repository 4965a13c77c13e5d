import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { DecodeError } from 'beaconry';
import { decodeSealed, encodeSealed, type Lead, sealedHeader } from './relay-codec.js';

const EMPTY = new Uint8Array();
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

const importPublic = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: base64url(bytes) }, format: 'jwk' });

/** An X25519 key pair. */
export class ExchangeKey {
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
    const { x } = createPublicKey(key).export({ format: 'jwk' });
    this.publicKey = Uint8Array.from(Buffer.from(x ?? '', 'base64url'));
  }

  static generate(): ExchangeKey {
    return new ExchangeKey(generateKeyPairSync('x25519').privateKey);
  }

  /** From PKCS #8 PEM, as route keys are kept. */
  static fromText(text: string): ExchangeKey {
    return new ExchangeKey(createPrivateKey(text));
  }

  /** From 32 raw bytes; for vectors. */
  static fromBytes(bytes: Uint8Array): ExchangeKey {
    const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
    const key = Buffer.concat([prefix, bytes]);
    return new ExchangeKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
  }

  /** DecodeError for a public key that gives no secret. */
  secretWith(publicKey: Uint8Array): Uint8Array {
    try {
      return diffieHellman({ privateKey: this.#key, publicKey: importPublic(publicKey) });
    } catch {
      throw new DecodeError('invalid', 0, 'X25519 key gives no secret');
    }
  }
}

const derive = (secret: Uint8Array, salt: Uint8Array, info: string, length: number): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, salt, `beaconry R1 ${info}`, length));

/** Tag keys of a hop as words; `answer` authenticates the answer of the handshake. */
export interface HopKeys {
  readonly forward: Int32Array;
  readonly back: Int32Array;
  readonly answer: Uint8Array;
}

const wordsOf = (bytes: Uint8Array): Int32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(i * 4, true));
};

const hopKeysOf = (bytes: Uint8Array): HopKeys => ({
  forward: wordsOf(bytes.slice(0, 16)),
  back: wordsOf(bytes.slice(16, 32)),
  answer: bytes.slice(32),
});

/** `secrets` are the two X25519 results; `hash` that of the OPEN. */
export const clientHopKeys = (secrets: Uint8Array, hash: Uint8Array): HopKeys =>
  hopKeysOf(derive(secrets, hash, 'hop', 64));
/** Of a hop that a JOIN made. */
export const joinedHopKeys = (hopSecret: Uint8Array): HopKeys =>
  hopKeysOf(derive(hopSecret, EMPTY, 'hop', 64));

/** Of packets between two peers without a relay; `forward` is from the client of the connection. */
export const directHopKeys = (secret: Uint8Array, salt: Uint8Array): HopKeys =>
  hopKeysOf(derive(secret, salt, 'direct', 64));

export interface RegistrationKeys {
  readonly secret: Uint8Array;
  readonly answer: Uint8Array;
}
export function registrationKeys(secrets: Uint8Array, hash: Uint8Array): RegistrationKeys {
  const bytes = derive(secrets, hash, 'register', 64);
  return { secret: bytes.slice(0, 32), answer: bytes.slice(32) };
}

export interface JoinKeys {
  readonly join: Uint8Array;
  readonly ok: Uint8Array;
}
const joinKeysOf = (bytes: Uint8Array): JoinKeys => ({
  join: bytes.slice(0, 32),
  ok: bytes.slice(32),
});

/** For a JOIN to a registered server. */
export function serverJoinKeys(registration: Uint8Array, routingSecret: bigint): JoinKeys {
  const secret = Buffer.alloc(40);
  secret.set(registration);
  secret.writeBigUInt64LE(routingSecret, 32);
  return joinKeysOf(derive(secret, EMPTY, 'join', 64));
}
/** For a JOIN from relay to relay; `addresses` are 36 bytes, sender first. */
export const linkJoinKeys = (secret: Uint8Array, addresses: Uint8Array): JoinKeys =>
  joinKeysOf(derive(secret, addresses, 'link', 64));

export interface DirectionKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}
export function endKeys(
  secret: Uint8Array,
  salt: Uint8Array,
): { readonly toServer: DirectionKeys; readonly toClient: DirectionKeys } {
  const bytes = derive(secret, salt, 'end', 88);
  return {
    toServer: { key: bytes.slice(0, 32), iv: bytes.slice(64, 76) },
    toClient: { key: bytes.slice(32, 64), iv: bytes.slice(76, 88) },
  };
}
export function nextPhase({ key, iv }: DirectionKeys): DirectionKeys {
  const bytes = derive(Buffer.concat([key, iv]), EMPTY, 'phase', 44);
  return { key: bytes.slice(0, 32), iv: bytes.slice(32) };
}

export const hmac = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  createHmac('sha256', key).update(bytes).digest();

export const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= (one[i] as number) ^ (other[i] as number);
  return difference === 0;
};

/** JOIN or JOIN_OK: AES-256-GCM with a random nonce. */
export function seal(
  lead: number,
  id: number,
  key: Uint8Array,
  plain: Uint8Array,
  nonce: Uint8Array = randomBytes(12),
): Uint8Array {
  const header = sealedHeader(lead, id);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  cipher.setAAD(header);
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return encodeSealed(header, nonce, ciphertext, cipher.getAuthTag());
}

/** DecodeError when it was not sealed with this key. */
export function unseal(
  bytes: Uint8Array,
  lead: typeof Lead.join | typeof Lead.joinOk,
  key: Uint8Array,
): Uint8Array {
  const { nonce, ciphertext, tag, associated } = decodeSealed(bytes, lead);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
    decipher.setAAD(associated);
    decipher.setAuthTag(tag);
    return new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
  } catch {
    throw new DecodeError('invalid', 18, 'is not sealed with the key of this link');
  }
}
