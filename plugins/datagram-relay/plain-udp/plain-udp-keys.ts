import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';

/** What both sides said in the handshake; bytes exactly as carried. */
export interface SessionTranscript {
  readonly secret: Uint8Array;
  readonly clientId: number;
  readonly serverId: number;
  readonly clientNonce: bigint;
  readonly serverNonce: bigint;
  readonly clientCertificate: Uint8Array;
  readonly serverCertificate: Uint8Array;
  readonly clientKeyMessage: Uint8Array;
  readonly serverKeyMessage: Uint8Array;
}

export interface PacketKeys {
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
}

export interface SessionKeys {
  readonly prk: Uint8Array;
  readonly toServer: PacketKeys;
  readonly toClient: PacketKeys;
}

const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
  createHmac('sha256', key).update(Buffer.concat(parts)).digest();

const word = (value: bigint, size: 4 | 8): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.subarray(0, size);
};

/** Keys of a session (sdr section 16). */
export function sessionKeys(said: SessionTranscript): SessionKeys {
  const secret = createHash('sha256').update(said.secret).digest();
  const prk = hmac(secret, word(said.serverNonce, 8), word(said.clientNonce, 8));
  const context = Buffer.concat([
    word(BigInt(said.clientId >>> 0), 4),
    word(BigInt(said.serverId >>> 0), 4),
    Buffer.from('Steam datagram'),
    said.serverCertificate,
    said.clientCertificate,
    said.serverKeyMessage,
    said.clientKeyMessage,
  ]);
  const t1 = hmac(prk, context, Uint8Array.of(1));
  const t2 = hmac(prk, t1, context, Uint8Array.of(2));
  const t3 = hmac(prk, t2, context, Uint8Array.of(3));
  const t4 = hmac(prk, t3, context, Uint8Array.of(4));
  return {
    prk,
    toServer: { key: t1, iv: t3.subarray(0, 12) },
    toClient: { key: t2, iv: t4.subarray(0, 12) },
  };
}

const nonceOf = ({ iv }: PacketKeys, number: number): Uint8Array => {
  const nonce = Buffer.from(iv);
  nonce.writeBigUInt64LE(BigInt.asUintN(64, nonce.readBigUInt64LE(0) + BigInt(number)), 0);
  return nonce;
};

/** Ciphertext and tag. */
export function sealPacket(keys: PacketKeys, number: number, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', keys.key, nonceOf(keys, number), {
    authTagLength: 16,
  });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined: not sealed by the far side as this number. */
export function openPacket(
  keys: PacketKeys,
  number: number,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const decipher = createDecipheriv('aes-256-gcm', keys.key, nonceOf(keys, number), {
    authTagLength: 16,
  });
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  const plain = decipher.update(sealed.subarray(0, sealed.length - 16));
  try {
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}
