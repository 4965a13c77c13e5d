import type { DatagramDriver, DatagramDriverOptions } from '../net/datagram-driver.js';
import { MemoryDriver, type SentDatagram } from '../net/drivers/memory-driver.js';
import { PeerAddress } from '../net/peer-address.js';

/** UDP without sockets: every endpoint of a test server ends here, and the test plays the peers. */
export class MemoryNetwork {
  readonly #drivers: MemoryDriver[] = [];
  readonly #sent: SentDatagram[] = [];
  #nextPort = 40001;

  /** Stands in for the driver of an endpoint; port 0 becomes a port that no other endpoint has. */
  open(options: DatagramDriverOptions): Promise<DatagramDriver> {
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    const driver = new MemoryDriver(options.host, port, options.onBatch, (sent) =>
      this.#route(sent),
    );
    this.#drivers.push(driver);
    return Promise.resolve(driver);
  }

  /** Sends a datagram to an endpoint and gives the answers that came back to the sender at once. */
  ask(to: PeerAddress, bytes: Uint8Array, from = '192.0.2.1:40000'): Uint8Array[] {
    const sender = PeerAddress.parse(from) as PeerAddress;
    const before = this.#sent.length;
    // The driver's bytes are spoiled after handling; the test's own must not be.
    this.#driverAt(to)?.receive(new Uint8Array(bytes), sender);
    const answers = this.#sent.slice(before).filter((sent) => sent.to.equals(sender));
    return answers.map((sent) => sent.bytes);
  }

  /** Takes everything that was sent to the address since the last call. */
  takeSentTo(address: string): Uint8Array[] {
    const to = PeerAddress.parse(address) as PeerAddress;
    const taken = this.#sent.filter((sent) => sent.to.equals(to));
    for (const sent of taken) this.#sent.splice(this.#sent.indexOf(sent), 1);
    return taken.map((sent) => sent.bytes);
  }

  #driverAt(address: PeerAddress): MemoryDriver | undefined {
    return this.#drivers.find(
      (driver) =>
        driver.port === address.port && PeerAddress.of(driver.host, driver.port).equals(address),
    );
  }

  #route(sent: SentDatagram): void {
    this.#sent.push(sent);
  }
}
