import { randomBytes } from 'node:crypto';
import { type Clock, type PeerAddress, SipHash } from 'beaconry';

/** Milliseconds of 2^20 µs. */
const UNIT = 1048.576;
const MAX_AGE = 3;

/** The challenge of a listener: SipHash over time and address, its low 16 bits replaced by the time. Nothing is kept. */
export class PlainUdpCookie {
  readonly #hash = new SipHash();
  readonly #words = new Int32Array(6);
  readonly #key = Int32Array.from({ length: 4 }, () => randomBytes(4).readInt32LE());

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  issue(address: PeerAddress): bigint {
    return this.#of(address, this.#time());
  }

  isValid(cookie: bigint, address: PeerAddress): boolean {
    const time = Number(cookie & 0xffffn);
    if (((this.#time() - time) & 0xffff) > MAX_AGE) return false;
    return this.#of(address, time) === cookie;
  }

  #time(): number {
    return Math.floor(this.clock.monotonic() / UNIT) & 0xffff;
  }

  #of({ a, b, c, d, port }: PeerAddress, time: number): bigint {
    this.#words.set([a, b, c, d, port | (time << 16), 0]);
    const low = this.#hash.hash(this.#key, this.#words, 6) >>> 0;
    const high = this.#hash.high >>> 0;
    return (BigInt(high) << 32n) | BigInt(((low & 0xffff0000) | time) >>> 0);
  }
}
