import { type DatagramBatch, type DatagramDriver, newDriverStats } from '../datagram-driver.js';
import { PeerAddress } from '../peer-address.js';

/** A datagram that left, with bytes and address of its own. */
export interface SentDatagram {
  readonly bytes: Uint8Array;
  readonly to: PeerAddress;
}

/**
 * A driver without a socket: somebody hands datagrams in and takes them out. It carries `udp: shared`
 * endpoints, whose socket belongs to the game, and tests.
 */
export class MemoryDriver implements DatagramDriver {
  readonly name = 'dgram';
  readonly receiveBuffer = 0;
  readonly stats = newDriverStats();
  readonly #batch: MemoryBatch;

  constructor(
    readonly host: string,
    readonly port: number,
    private readonly onBatch: (batch: DatagramBatch) => void,
    /** Gets each datagram that leaves; its bytes are a copy. */
    private readonly onSend: (sent: SentDatagram) => void,
  ) {
    this.#batch = new MemoryBatch(this);
  }

  /** Hands a datagram in; answers have left when it returns. */
  receive(bytes: Uint8Array, from: PeerAddress): void {
    this.stats.received++;
    this.stats.receivedBytes += bytes.length;
    this.#batch.message = bytes;
    this.#batch.from = from;
    this.onBatch(this.#batch);
  }

  send(bytes: Uint8Array, to: PeerAddress): void {
    this.stats.sent++;
    this.stats.sentBytes += bytes.length;
    this.onSend({ bytes: new Uint8Array(bytes), to: to.copy() });
  }

  async close(): Promise<void> {}
}

class MemoryBatch implements DatagramBatch {
  readonly count = 1;
  message: Uint8Array = new Uint8Array();
  from = new PeerAddress();
  constructor(private readonly driver: MemoryDriver) {}

  bytes(): Uint8Array {
    return this.message;
  }
  source(_index: number, into: PeerAddress): void {
    const { a, b, c, d, port } = this.from;
    into.set(a, b, c, d, port);
  }
  reply(_index: number, bytes: Uint8Array): void {
    this.driver.send(bytes, this.from);
  }
}
