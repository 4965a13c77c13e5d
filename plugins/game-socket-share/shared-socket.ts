import { PeerAddress } from 'beaconry';
import { OutgoingQueue, type QueueBounds } from './outgoing-queue.js';
import type { GameSocketShare, HandledPacket, OutgoingDatagram, OutgoingPacket } from './public.js';

/** What Steam advises for the buffer of `getNextOutgoingPacket`. */
const BUFFER_SIZE = 16 * 1024;
const NOTHING: OutgoingPacket = { length: 0, out: new Uint8Array(), address: 0, port: 0 };

const T = 0x54;
const W = 0x57;
const PING = 0x69;
const PRINT = 0x6c;
const LINE_END = 0x0a;
const RESTART = 0x4f;
const CHALLENGE = 0x73;

/** Stands where the socket of the endpoint would be: what leaves waits until the game takes it out. */
export class SharedSocket implements GameSocketShare {
  readonly #queue: OutgoingQueue;
  #isAdvertised: () => boolean = () => true;
  #unfit = 0;
  /** Hands a datagram to whoever takes it on the endpoint. */
  deliver: (bytes: Uint8Array, from: PeerAddress) => boolean = () => false;

  constructor(bounds: QueueBounds) {
    this.#queue = new OutgoingQueue(bounds);
  }

  /** Gets what leaves, with bytes of its own. */
  transmit(bytes: Uint8Array, to: PeerAddress): void {
    this.#queue.push({ bytes, to });
  }

  get waiting(): number {
    return this.#queue.length;
  }

  get dropped(): number {
    return this.#queue.dropped + this.#unfit;
  }

  handle(bytes: Uint8Array, from: PeerAddress): boolean {
    // Nobody can be answered at port 0.
    if (from.port === 0) return false;
    if (!isConnectionless(bytes)) return this.deliver(bytes, from);
    const letter = bytes[4];
    if (isOfBrowsersOrMasters(letter) && !this.#isAdvertised()) return false;
    // The engine answers pings itself.
    if (letter === PING) return false;
    const taken = this.deliver(bytes, from);
    // Only a master's print is ours, and the engine prints it all the same.
    if (letter === PRINT) return false;
    return taken || letter === RESTART || (letter === CHALLENGE && bytes[5] === LINE_END);
  }

  next(): OutgoingDatagram | undefined {
    return this.#queue.shift();
  }

  clear(): void {
    this.#queue.clear();
  }

  answerWhile(isAdvertised: () => boolean): () => void {
    this.#isAdvertised = isAdvertised;
    return () => {
      if (this.#isAdvertised === isAdvertised) this.#isAdvertised = () => true;
    };
  }

  handleIncomingPacket(packet: Uint8Array, ip: string | number, port: number): HandledPacket {
    const from = peerOf(ip, port);
    return from !== undefined && this.handle(packet, from)
      ? { handled: true, data: packet }
      : { handled: false };
  }

  getNextOutgoingPacket(bufferSize = BUFFER_SIZE): OutgoingPacket {
    for (;;) {
      const datagram = this.next();
      if (datagram === undefined) return NOTHING;
      const { bytes, to } = datagram;
      if (bytes.length <= bufferSize && to.isIPv4) {
        return { length: bytes.length, out: bytes, address: to.d >>> 0, port: to.port };
      }
      this.#unfit++;
    }
  }
}

const isConnectionless = (bytes: Uint8Array): boolean =>
  bytes[0] === 0xff && bytes[1] === 0xff && bytes[2] === 0xff && bytes[3] === 0xff;

/** A2S questions, and what masters say: challenge, restart request, print. */
const isOfBrowsersOrMasters = (letter: number | undefined): boolean =>
  letter !== undefined &&
  ((letter >= T && letter <= W) || letter === CHALLENGE || letter === RESTART || letter === PRINT);

const peerOf = (ip: string | number, port: number): PeerAddress | undefined =>
  typeof ip === 'number'
    ? new PeerAddress().set(0, 0, 0xffff, ip | 0, port & 0xffff)
    : PeerAddress.parse(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
