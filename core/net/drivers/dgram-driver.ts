import type { RemoteInfo } from 'node:dgram';
import { DgramAsPromised, type SocketAsPromised } from 'dgram-as-promised';
import {
  type DatagramBatch,
  type DatagramDriver,
  type DatagramDriverOptions,
  newDriverStats,
} from '../datagram-driver.js';
import type { PeerAddress } from '../peer-address.js';
import { MAX_PAYLOAD, SOCKET_BUFFER } from '../socket-buffer.js';

/** The driver that works everywhere: Node's own sockets, one datagram per batch. */
export class DgramDriver implements DatagramDriver {
  readonly name = 'dgram';
  readonly stats = newDriverStats();
  readonly #socket: SocketAsPromised;
  readonly #isIPv6: boolean;
  /** A datagram that the system did not take at once still uses its memory: then a new scratch is made. */
  #scratch = Buffer.allocUnsafeSlow(MAX_PAYLOAD);
  #blocked = false;

  private constructor(
    readonly host: string,
    socket: SocketAsPromised,
    readonly port: number,
  ) {
    this.#socket = socket;
    this.#isIPv6 = host.includes(':');
  }

  static async open(options: DatagramDriverOptions): Promise<DgramDriver> {
    const isIPv6 = options.host.includes(':');
    const batch = new SingleBatch();
    let driver: DgramDriver | undefined;
    const socket = DgramAsPromised.createSocket(
      {
        type: isIPv6 ? 'udp6' : 'udp4',
        ipv6Only: isIPv6 && options.host !== '::',
        recvBufferSize: SOCKET_BUFFER,
        sendBufferSize: SOCKET_BUFFER,
        // Only IP literals get here; without this every send would wait for a tick and a look-up.
        lookup: (host, _options, done) => done(null, host, isIPv6 ? 6 : 4),
      },
      (bytes, remote) => {
        if (driver === undefined) return;
        driver.stats.received++;
        driver.stats.receivedBytes += bytes.length;
        batch.driver = driver;
        batch.message = bytes;
        batch.remote = remote;
        options.onBatch(batch);
      },
    );
    // An unheard 'error' would be remembered by the wrapper and reject a later call.
    socket.socket.on('error', options.onError);
    await socket.bind({ address: options.host, port: options.port });
    driver = new DgramDriver(options.host, socket, socket.address().port);
    return driver;
  }

  /** Bytes that the system really granted. */
  get receiveBuffer(): number {
    return this.#socket.socket.getRecvBufferSize();
  }

  send(bytes: Uint8Array, to: PeerAddress): void {
    const host = this.#isIPv6 && to.isIPv4 ? `::ffff:${to.host}` : to.host;
    this.sendText(bytes, host, to.port);
  }

  /** Sends to the text form that the socket itself gave. */
  sendText(bytes: Uint8Array, host: string, port: number): void {
    const socket = this.#socket.socket;
    if (bytes.length > MAX_PAYLOAD || port === 0) {
      this.stats.sendFailures++;
      return;
    }
    if (this.#blocked) {
      if (socket.getSendQueueCount() > 0) {
        this.stats.sendFailures++;
        return;
      }
      this.#blocked = false;
    }
    this.#scratch.set(bytes, 0);
    try {
      socket.send(this.#scratch, 0, bytes.length, port, host);
    } catch {
      // The socket is closed, or an argument that a stranger chose cannot be sent to.
      this.stats.sendFailures++;
      return;
    }
    this.stats.sent++;
    this.stats.sentBytes += bytes.length;
    if (socket.getSendQueueCount() > 0) {
      this.#blocked = true;
      this.#scratch = Buffer.allocUnsafeSlow(MAX_PAYLOAD);
    }
  }

  async close(): Promise<void> {
    await this.#socket.close();
  }
}

/** The one datagram of a callback, as a batch. */
class SingleBatch implements DatagramBatch {
  readonly count = 1;
  driver!: DgramDriver;
  message!: Buffer;
  remote!: RemoteInfo;

  bytes(): Uint8Array {
    return this.message;
  }
  source(_index: number, into: PeerAddress): void {
    into.setText(this.remote.address, this.remote.port);
  }
  reply(_index: number, bytes: Uint8Array): void {
    this.driver.sendText(bytes, this.remote.address, this.remote.port);
  }
}
