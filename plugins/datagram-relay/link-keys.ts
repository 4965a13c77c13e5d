import { type ExchangeKey, type JoinKeys, linkJoinKeys } from './relay-keys.js';

const MAX_LINKS = 128;

/**
 * Keys between this relay and others. Kept, because whoever spoofs the address of a relay would otherwise make this one
 * compute an X25519 secret for every datagram.
 */
export class LinkKeys {
  readonly #keys = new Map<string, JoinKeys>();

  /** `addresses` are 36 bytes, the sender of the JOIN first. */
  keys(own: ExchangeKey, other: Uint8Array, addresses: Uint8Array): JoinKeys {
    const name = Buffer.concat([other, addresses]).toString('latin1');
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const made = linkJoinKeys(own.secretWith(other), addresses);
    if (this.#keys.size >= MAX_LINKS) {
      for (const oldest of this.#keys.keys()) {
        this.#keys.delete(oldest);
        break;
      }
    }
    this.#keys.set(name, made);
    return made;
  }
}
