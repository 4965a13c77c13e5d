import type { OutgoingDatagram } from './public.js';

export interface QueueBounds {
  readonly datagrams: number;
  readonly bytes: number;
}

/** Datagrams that wait for the game, oldest first; when they become too many the oldest go. */
export class OutgoingQueue {
  /** A ring: the game takes out each frame, so moving the rest forward would cost the most when it is longest. */
  readonly #ring: (OutgoingDatagram | undefined)[];
  #first = 0;
  #count = 0;
  #bytes = 0;
  dropped = 0;

  constructor(private readonly bounds: QueueBounds) {
    this.#ring = new Array<OutgoingDatagram | undefined>(bounds.datagrams).fill(undefined);
  }

  get length(): number {
    return this.#count;
  }

  push(datagram: OutgoingDatagram): void {
    const { length } = datagram.bytes;
    while (
      this.#count > 0 &&
      (this.#count === this.bounds.datagrams || this.#bytes + length > this.bounds.bytes)
    ) {
      this.shift();
      this.dropped++;
    }
    this.#ring[(this.#first + this.#count) % this.#ring.length] = datagram;
    this.#count++;
    this.#bytes += length;
  }

  shift(): OutgoingDatagram | undefined {
    const datagram = this.#ring[this.#first];
    if (datagram === undefined) return undefined;
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#ring.length;
    this.#count--;
    this.#bytes -= datagram.bytes.length;
    return datagram;
  }

  clear(): void {
    while (this.shift() !== undefined);
  }
}
