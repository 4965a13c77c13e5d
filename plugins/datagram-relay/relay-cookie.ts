import { randomBytes } from 'node:crypto';
import { type Clock, type PeerAddress, SipHash } from 'beaconry';
import { readWord, writeWord } from './data-codec.js';
import { COOKIE_LENGTH } from './relay-codec.js';

const EPOCH = 30_000;

/** Cookies that prove an address, computed and never kept: u16 epoch and 64 bits of SipHash. */
export class RelayCookie {
  readonly #hash = new SipHash();
  readonly #words = new Int32Array(6);
  readonly #key = Int32Array.from({ length: 4 }, () => randomBytes(4).readInt32LE());

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  issue(address: PeerAddress): Uint8Array {
    const cookie = new Uint8Array(COOKIE_LENGTH);
    const epoch = this.#epoch();
    cookie[0] = epoch;
    cookie[1] = epoch >>> 8;
    writeWord(cookie, 2, this.#of(address, epoch));
    writeWord(cookie, 6, this.#hash.high);
    return cookie;
  }

  isValid(cookie: Uint8Array, address: PeerAddress): boolean {
    const epoch = (cookie[0] as number) | ((cookie[1] as number) << 8);
    const age = (this.#epoch() - epoch) & 0xffff;
    if (age > 1) return false;
    const low = this.#of(address, epoch) ^ readWord(cookie, 2);
    return (low | (this.#hash.high ^ readWord(cookie, 6))) === 0;
  }

  #epoch(): number {
    return Math.floor(this.clock.monotonic() / EPOCH) & 0xffff;
  }

  #of({ a, b, c, d, port }: PeerAddress, epoch: number): number {
    const words = this.#words;
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
    words[4] = port;
    words[5] = epoch;
    return this.#hash.hash(this.#key, words, 6);
  }
}
