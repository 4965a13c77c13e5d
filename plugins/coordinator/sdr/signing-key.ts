import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { DecodeError, ServerError } from 'beaconry';
import {
  decodePrivateKey,
  encodePrivateKey,
  encodePublicLine,
  keyIdOf,
} from './openssh-key-codec.js';

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** A public Ed25519 key with its id. */
export class VerifyingKey {
  readonly id: bigint;
  readonly #key: KeyObject;

  /** `bytes` are the raw 32; a RangeError for another length. */
  constructor(readonly bytes: Uint8Array) {
    if (bytes.length !== 32) throw new RangeError(`Ed25519 key of ${bytes.length} bytes`);
    this.id = keyIdOf(bytes);
    this.#key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: base64url(bytes) },
      format: 'jwk',
    });
  }

  verifies(bytes: Uint8Array, signature: Uint8Array): boolean {
    return signature.length === 64 && verify(null, bytes, this.#key, signature);
  }

  /** `ssh-ed25519 <base64> ID<key id>`. */
  toString(): string {
    return encodePublicLine(this.bytes);
  }
}

/** An Ed25519 key pair. The private half stays in a KeyObject, which prints nothing of it. */
export class SigningKey {
  readonly #key: KeyObject;

  private constructor(
    key: KeyObject,
    readonly publicKey: VerifyingKey,
  ) {
    this.#key = key;
  }

  get id(): bigint {
    return this.publicKey.id;
  }

  static generate(): SigningKey {
    const { privateKey } = generateKeyPairSync('ed25519');
    const x = privateKey.export({ format: 'jwk' }).x ?? '';
    return new SigningKey(privateKey, new VerifyingKey(Buffer.from(x, 'base64url')));
  }

  static fromSeed(seed: Uint8Array): SigningKey {
    // A PKCS #8 document of Ed25519 is this constant and the seed; a JWK would need the public half too.
    const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
    const key = createPrivateKey({
      key: Buffer.concat([prefix, seed]),
      format: 'der',
      type: 'pkcs8',
    });
    const x = key.export({ format: 'jwk' }).x ?? '';
    return new SigningKey(key, new VerifyingKey(Buffer.from(x, 'base64url')));
  }

  /** Reads OpenSSH text. KEY_MALFORMED names `source`, what is wrong, and nothing of the key. */
  static fromText(text: string, source: string): SigningKey {
    try {
      const { seed, publicKey } = decodePrivateKey(text);
      const key = SigningKey.fromSeed(seed);
      if (Buffer.compare(key.publicKey.bytes, publicKey) !== 0) {
        throw new DecodeError('invalid', 0, 'private and public half do not belong together');
      }
      return key;
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause;
      throw new ServerError('KEY_MALFORMED', `${source}: ${cause.message}`, { cause });
    }
  }

  sign(bytes: Uint8Array): Uint8Array {
    return sign(null, bytes, this.#key);
  }

  /** OpenSSH text of the whole pair: for a file of mode 0600, and nowhere else. */
  toPrivateText(): string {
    const seed = Buffer.from(this.#key.export({ format: 'jwk' }).d ?? '', 'base64url');
    return encodePrivateKey({ seed, publicKey: this.publicKey.bytes });
  }
}
