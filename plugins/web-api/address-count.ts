import { PartyCount, PeerAddress } from 'beaconry';
import { refuse } from './call-error.js';

/** How many things there are, in all and of each IPv4 address or IPv6 /64. */
export class AddressCount {
  readonly #counts: PartyCount;
  #size = 0;

  constructor(
    private readonly what: string,
    private readonly most: number,
    private readonly mostPerAddress: number,
  ) {
    this.#counts = new PartyCount(mostPerAddress);
  }

  get size(): number {
    return this.#size;
  }

  /** The function that gives the place back; errors 429 `TOO_MANY_OF_ADDRESS`, 503 `FULL`. */
  take(host: string): () => void {
    const { what, most, mostPerAddress } = this;
    const release = this.#counts.take(PeerAddress.of(host, 0).party);
    if (release === undefined) {
      const say = `this address has ${mostPerAddress} ${what} already; end one first`;
      throw refuse(429, 'TOO_MANY_OF_ADDRESS', say);
    }
    if (this.#size >= most) {
      release();
      throw refuse(503, 'FULL', `this node has no room for more ${what}`);
    }
    this.#size++;
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#size--;
      release();
    };
  }
}
