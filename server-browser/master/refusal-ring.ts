import { PeerAddress } from 'beaconry';

export interface RingEntry {
  readonly address: string;
  readonly code: number;
  readonly count: number;
  readonly at: number;
}

/** The last so many refusals, in memory of fixed size; nothing is allocated to note one. */
export class RefusalRing {
  /** Four words and the port of each. */
  readonly #words: Int32Array;
  readonly #ports: Uint16Array;
  readonly #codes: Uint8Array;
  readonly #counts: Uint32Array;
  readonly #times: Float64Array;
  /** The slot of the newest one; its predecessors lie before it. */
  #newest = 0;

  constructor(private readonly size: number) {
    this.#words = new Int32Array(size * 4);
    this.#ports = new Uint16Array(size);
    this.#codes = new Uint8Array(size);
    this.#counts = new Uint32Array(size);
    this.#times = new Float64Array(size);
  }

  note(address: PeerAddress, code: number, now: number): void {
    let slot = this.#newest;
    const repeats = this.#codes[slot] === code && this.#isAt(slot, address, address.port);
    if (!repeats || this.#counts[slot] === 0) {
      slot = (slot + 1) % this.size;
      this.#newest = slot;
      this.#words[slot * 4] = address.a;
      this.#words[slot * 4 + 1] = address.b;
      this.#words[slot * 4 + 2] = address.c;
      this.#words[slot * 4 + 3] = address.d;
      this.#ports[slot] = address.port;
      this.#codes[slot] = code;
      this.#counts[slot] = 0;
    }
    this.#counts[slot] = (this.#counts[slot] as number) + 1;
    this.#times[slot] = now;
  }

  /** Newest first; port 0 stands for every port. */
  newest(limit: number, address?: PeerAddress): RingEntry[] {
    const found: RingEntry[] = [];
    for (let age = 0; age < this.size && found.length < limit; age++) {
      const slot = (this.#newest - age + this.size) % this.size;
      const count = this.#counts[slot] as number;
      if (count === 0) continue;
      const port = this.#ports[slot] as number;
      if (address !== undefined && !this.#isAt(slot, address, address.port || port)) continue;
      const [a = 0, b = 0, c = 0, d = 0] = this.#words.subarray(slot * 4, slot * 4 + 4);
      found.push({
        address: new PeerAddress().set(a, b, c, d, port).toString(),
        code: this.#codes[slot] as number,
        count,
        at: this.#times[slot] as number,
      });
    }
    return found;
  }

  /** Removes all of an address, whatever the port; tells how many. */
  forget(address: PeerAddress): number {
    let count = 0;
    for (let slot = 0; slot < this.size; slot++) {
      if (this.#counts[slot] === 0 || !this.#isAt(slot, address, this.#ports[slot] as number))
        continue;
      this.#words.fill(0, slot * 4, slot * 4 + 4);
      this.#counts[slot] = 0;
      count++;
    }
    return count;
  }

  #isAt(slot: number, { a, b, c, d }: PeerAddress, port: number): boolean {
    const words = this.#words;
    const at = slot * 4;
    return (
      words[at + 3] === d &&
      this.#ports[slot] === port &&
      words[at + 2] === c &&
      words[at + 1] === b &&
      words[at] === a
    );
  }
}
