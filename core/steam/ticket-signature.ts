import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/**
 * RSASSA-PKCS1-v1_5 with SHA-1 and 1024 bits, because the layout leaves 128 bytes. It proves where a ticket
 * was made, no more: whether it may be used is decided by the backend's token check.
 */
export const signOwnership = (ownership: Uint8Array, key: KeyObject): Uint8Array => {
  const signature = sign('sha1', ownership, key);
  const signed = new Uint8Array(ownership.length + signature.length);
  signed.set(ownership);
  signed.set(signature, ownership.length);
  return signed;
};

/** The issuers whose signatures are believed. */
export class TrustedIssuers {
  readonly #keys: readonly KeyObject[];
  constructor(publicKeysPem: readonly string[]) {
    this.#keys = publicKeysPem.map((pem) => createPublicKey(pem));
  }
  verify(signedBytes: Uint8Array, signature: Uint8Array): boolean {
    return this.#keys.some((key) => verify('sha1', signedBytes, key, signature));
  }
}
