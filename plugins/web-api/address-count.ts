import { PeerAddress } from 'beaconry';
import { refuse } from './call-error.js';

/** How many parties there are, in all and of each IPv4 address or IPv6 /64. */
export class AddressCount {
  readonly #counts = new Map<string, number>();
  #size = 0;

  constructor(
    private readonly what: string,
    private readonly most: number,
    private readonly mostPerAddress: number,
  ) {}

  get size(): number {
    return this.#size;
  }

  /** The function that gives the place back; errors 429 `TOO_MANY_OF_ADDRESS`, 503 `FULL`. */
  take(host: string): () => void {
    const address = PeerAddress.of(host, 0).party;
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.mostPerAddress) {
      const say = `this address has ${count} ${this.what} already; end one first`;
      throw refuse(429, 'TOO_MANY_OF_ADDRESS', say);
    }
    if (this.#size >= this.most)
      throw refuse(503, 'FULL', `this node has no room for more ${this.what}`);
    this.#size++;
    this.#counts.set(address, count + 1);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#size--;
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left === 0) this.#counts.delete(address);
      else this.#counts.set(address, left);
    };
  }
}
