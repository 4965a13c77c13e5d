import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { PeerAddress } from './peer-address.js';
import type { SecretSource } from './shared-secret.js';
import { SipHash } from './siphash.js';

/**
 * 32-bit challenges computed from address, port, time window and secret, so that nothing is stored for
 * strangers. A challenge is valid in its window and the next one.
 */
export class ChallengeIssuer {
  readonly #siphash = new SipHash();
  readonly #words = new Int32Array(6);
  readonly #key = new Int32Array(4);
  readonly #source: SecretSource | undefined;
  #secret: Uint8Array | undefined;

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    /** Milliseconds of one window: a challenge lives at least this long, at most twice. */
    private readonly window: number,
    /** 16 secret bytes, or where they come from; nodes that share them accept each other's challenges. */
    secret: Uint8Array | SecretSource = randomBytes(16),
  ) {
    if (secret instanceof Uint8Array) this.#use(secret);
    else this.#source = secret;
  }

  /** Between 1 and 2^31-1: 0 and -1 mean "none" to clients, and signed printing makes no difference. */
  issue(to: PeerAddress): number {
    return this.#compute(to, this.#now());
  }

  accepts(from: PeerAddress, challenge: number): boolean {
    const now = this.#now();
    return (
      challenge === this.#compute(from, now) ||
      challenge === this.#compute(from, now - 1) ||
      // Issued by another node, whose clock has reached the next window already.
      (this.#source?.shared === true && challenge === this.#compute(from, now + 1))
    );
  }

  #use(secret: Uint8Array): void {
    this.#secret = secret;
    const view = new DataView(secret.buffer, secret.byteOffset, 16);
    for (let i = 0; i < 4; i++) this.#key[i] = view.getInt32(i * 4, true);
  }

  #now(): number {
    return Math.floor(this.clock.now() / this.window);
  }

  #compute(peer: PeerAddress, window: number): number {
    const words = this.#words;
    if (this.#source !== undefined) {
      const secret = this.#source.at(window * this.window);
      if (secret !== this.#secret) this.#use(secret);
    }
    if (peer.isIPv4) {
      // Shorter than any other, so it cannot stand for one.
      words[0] = peer.d;
      words[1] = peer.port;
      words[2] = window | 0;
      words[3] = 0;
      return this.#siphash.hash(this.#key, words, 4) & 0x7fffffff || 1;
    }
    words[0] = peer.a;
    words[1] = peer.b;
    words[2] = peer.c;
    words[3] = peer.d;
    words[4] = peer.port;
    words[5] = window | 0;
    return this.#siphash.hash(this.#key, words) & 0x7fffffff || 1;
  }
}
