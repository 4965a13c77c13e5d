import {
  type DatagramDriver,
  type DatagramDriverOptions,
  newDriverStats,
} from '../../datagram-driver.js';
import type { PeerAddress } from '../../peer-address.js';
import { SOCKET_BUFFER } from '../../socket-buffer.js';
import * as c from './libc.js';
import { BATCH, ReceivedBatch } from './received-batch.js';
import { SendQueue } from './send-queue.js';
import { encodeSocketAddress } from './socket-address.js';

/** Batches taken in one wake-up, so that timers and TCP get their turn. */
const ROUNDS = 4;

/** What the kernel can do for trains of datagrams, as found out at start. */
export interface Offload {
  readonly send: boolean;
  readonly receive: boolean;
}

/** UDP on Linux with one system call for many datagrams, in each direction. */
export class NativeDriver implements DatagramDriver {
  readonly name = 'native';
  readonly stats = newDriverStats();
  readonly #received: ReceivedBatch;
  readonly #sent: SendQueue;
  readonly #handle: c.PollHandle;
  #inBatch = false;
  #flushWaits = false;
  #closed = false;

  private constructor(
    private readonly libc: c.Libc,
    private readonly descriptor: number,
    readonly host: string,
    readonly port: number,
    offload: Offload,
    private readonly options: DatagramDriverOptions,
  ) {
    const isIPv6 = host.includes(':');
    this.#sent = new SendQueue(libc, descriptor, isIPv6, offload.send, this.stats);
    this.#received = new ReceivedBatch(libc, descriptor, isIPv6, offload.receive, this.#sent);
    this.#handle = libc.poll(descriptor, () => this.#readable());
  }

  /** Binds a socket; errors carry the code of the system, such as EADDRINUSE. */
  static open(libc: c.Libc, offload: Offload, options: DatagramDriverOptions): NativeDriver {
    const { host } = options;
    const isIPv6 = host.includes(':');
    const type = c.SOCK_DGRAM | c.SOCK_NONBLOCK | c.SOCK_CLOEXEC;
    const descriptor = libc.socket(isIPv6 ? c.AF_INET6 : c.AF_INET, type, 0);
    if (descriptor < 0) throw systemError(libc, 'socket');
    try {
      const set = (level: number, option: number, value: number) =>
        libc.setsockopt(descriptor, level, option, int(value), 4);
      if (isIPv6) set(c.IPPROTO_IPV6, c.IPV6_V6ONLY, host === '::' ? 0 : 1);
      if (options.reusePort === true) set(c.SOL_SOCKET, c.SO_REUSEPORT, 1);
      set(c.SOL_SOCKET, c.SO_RCVBUF, SOCKET_BUFFER);
      set(c.SOL_SOCKET, c.SO_SNDBUF, SOCKET_BUFFER);
      const receive = offload.receive && set(c.SOL_UDP, c.UDP_GRO, 1) === 0;
      const address = encodeSocketAddress(host, options.port);
      if (libc.bind(descriptor, address, address.length) < 0) throw systemError(libc, 'bind');
      const bound = Buffer.alloc(28);
      if (libc.getsockname(descriptor, bound, int(bound.length)) < 0) {
        throw systemError(libc, 'getsockname');
      }
      const port = bound.readUInt16BE(2);
      return new NativeDriver(libc, descriptor, host, port, { ...offload, receive }, options);
    } catch (error) {
      libc.close(descriptor);
      throw error;
    }
  }

  get receiveBuffer(): number {
    const value = int(0);
    this.libc.getsockopt(this.descriptor, c.SOL_SOCKET, c.SO_RCVBUF, value, int(4));
    return value.readInt32LE();
  }

  send(bytes: Uint8Array, to: PeerAddress): void {
    if (this.#closed) {
      this.stats.sendFailures++;
      return;
    }
    this.#sent.push(bytes, to);
    if (this.#inBatch || this.#flushWaits) return;
    // What one task sends leaves in one call when the task is over.
    this.#flushWaits = true;
    queueMicrotask(() => {
      this.#flushWaits = false;
      if (!this.#closed) this.#sent.flush();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    if (!this.#sent.isEmpty) this.#sent.flush();
    this.#closed = true;
    this.#handle.stop();
    this.#handle.close();
    this.libc.close(this.descriptor);
  }

  #readable(): void {
    for (let round = 0; round < ROUNDS && !this.#closed; round++) {
      const messages = this.#received.receive();
      if (messages === 0) return;
      this.#deliver();
      if (messages < BATCH) return;
    }
  }

  #deliver(): void {
    const { stats } = this;
    const batch = this.#received;
    stats.received += batch.count;
    for (let i = 0; i < batch.count; i++) stats.receivedBytes += batch.lengthOf(i);
    this.#inBatch = true;
    try {
      this.options.onBatch(batch);
    } catch (error) {
      this.options.onError(error as Error);
    } finally {
      this.#inBatch = false;
    }
    if (!this.#closed && !this.#sent.isEmpty) this.#sent.flush();
  }
}

const NAMES: Readonly<Record<number, string>> = {
  [c.EADDRINUSE]: 'EADDRINUSE',
  [c.EACCES]: 'EACCES',
  [c.EADDRNOTAVAIL]: 'EADDRNOTAVAIL',
};

function systemError(libc: c.Libc, call: string): NodeJS.ErrnoException {
  const errno = libc.errno();
  const code = NAMES[errno] ?? `errno ${errno}`;
  return Object.assign(new Error(`${call} ${code}`), { code, errno, syscall: call });
}

/** An int for the system. */
function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
