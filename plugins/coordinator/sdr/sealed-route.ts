import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { DecodeError, ServerError } from 'beaconry';
import {
  decodeHostedAddress,
  encodeHostedRoute,
  encodeSealedAddress,
  type HostedRoute,
} from './hosted-address-codec.js';

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
/** A key is used for one message only, so its nonce may be constant. */
const NONCE = new Uint8Array(12);

const importPublic = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: base64url(bytes) }, format: 'jwk' });
const rawPublic = (key: KeyObject): Buffer =>
  Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');

/** An X25519 key pair of relays, to which routes are sealed. */
export class RouteKey {
  readonly #key: KeyObject;
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = Uint8Array.from(rawPublic(key));
  }

  static generate(): RouteKey {
    return new RouteKey(generateKeyPairSync('x25519').privateKey);
  }

  /** Reads PKCS #8 PEM; KEY_MALFORMED names the source. */
  static fromText(text: string, source: string): RouteKey {
    let key: KeyObject | undefined;
    try {
      key = createPrivateKey(text);
    } catch {
      // The cause may quote key text, so it is not passed on.
    }
    if (key?.asymmetricKeyType !== 'x25519') {
      throw new ServerError('KEY_MALFORMED', `${source}: is not an X25519 key in PKCS #8 PEM`);
    }
    return new RouteKey(key);
  }

  toPrivateText(): string {
    return this.#key.export({ format: 'pem', type: 'pkcs8' }).toString();
  }

  /** Opens what {@link sealRoute} made; DecodeError when it was made for another key or changed. */
  open(bytes: Uint8Array): HostedRoute {
    const address = decodeHostedAddress(bytes);
    if (address.kind === 'plain') return address.route;
    const { sealed, pop } = address;
    if (sealed.length < 48)
      throw new DecodeError('truncated', bytes.length, 'sealed route is short');
    const ephemeral = sealed.subarray(0, 32);
    const tag = sealed.subarray(sealed.length - 16);
    try {
      const key = deriveKey(this.#key, importPublic(ephemeral), ephemeral, this.publicKey);
      const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: 16 });
      decipher.setAAD(Buffer.from(pop), { plaintextLength: sealed.length - 48 });
      decipher.setAuthTag(tag);
      const plain = Buffer.concat([
        decipher.update(sealed.subarray(32, sealed.length - 16)),
        decipher.final(),
      ]);
      const inner = decodeHostedAddress(plain);
      if (inner.kind === 'plain' && inner.pop === pop) return inner.route;
    } catch {
      // One answer for everything that can be wrong with it.
    }
    throw new DecodeError('invalid', 5, 'route is not sealed to this key, or was changed');
  }
}

/**
 * Seals the plain address to the relays of its POP: ephemeral X25519, HKDF-SHA256, ChaCha20-Poly1305 with the
 * POP code as associated data; 53 bytes longer than the plain form.
 */
export function sealRoute(route: HostedRoute, relayKey: Uint8Array): Uint8Array {
  const plain = encodeHostedRoute(route);
  const { privateKey } = generateKeyPairSync('x25519');
  const ephemeral = rawPublic(privateKey);
  const key = deriveKey(privateKey, importPublic(relayKey), ephemeral, relayKey);
  const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: 16 });
  cipher.setAAD(Buffer.from(route.pop), { plaintextLength: plain.length });
  const sealed = Buffer.concat([
    ephemeral,
    cipher.update(plain),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return encodeSealedAddress(route.pop, sealed);
}

function deriveKey(
  privateKey: KeyObject,
  publicKey: KeyObject,
  ephemeral: Uint8Array,
  relayKey: Uint8Array,
): Buffer {
  const secret = diffieHellman({ privateKey, publicKey });
  const salt = Buffer.concat([ephemeral, relayKey]);
  return Buffer.from(hkdfSync('sha256', secret, salt, 'beaconry sealed route', 32));
}
