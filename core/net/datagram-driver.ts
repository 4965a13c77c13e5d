import type { PeerAddress } from './peer-address.js';

/** Received datagrams: views into the driver's memory, valid until the batch handler returns. */
export interface DatagramBatch {
  readonly count: number;
  /** Exactly the payload of one datagram. */
  bytes(index: number): Uint8Array;
  /** Writes the sender into a reused address. */
  source(index: number, into: PeerAddress): void;
  /** Queues an answer to the sender; answers leave when the batch handler returns. Copies the bytes. */
  reply(index: number, bytes: Uint8Array): void;
}

export interface DatagramDriverOptions {
  /** An IP literal; `::` binds both families. */
  readonly host: string;
  readonly port: number;
  /** Two sockets may share the port; the native driver then lets the kernel spread peers over them. */
  readonly reusePort?: boolean;
  readonly onBatch: (batch: DatagramBatch) => void;
  /** Errors of the socket that no call can report; the socket lives on. */
  readonly onError: (error: Error) => void;
}

/** One bound UDP socket. `dgram` calls `onBatch` with one datagram, the native driver with many. */
export interface DatagramDriver {
  readonly name: 'native' | 'dgram';
  readonly host: string;
  readonly port: number;
  readonly stats: DriverStats;
  /** Bytes of receive buffer that the system granted, as it counts them; 0 without a socket. */
  readonly receiveBuffer: number;
  /** Sends at once or drops and counts; never queues without a limit. Copies the bytes. */
  send(bytes: Uint8Array, to: PeerAddress): void;
  close(): Promise<void>;
}

/** Plain counters; read when metrics are scraped. */
export interface DriverStats {
  received: number;
  receivedBytes: number;
  sent: number;
  sentBytes: number;
  /** Not sent: full send buffer or an error of the system. */
  sendFailures: number;
}

/** All at zero. */
export const newDriverStats = (): DriverStats => ({
  received: 0,
  receivedBytes: 0,
  sent: 0,
  sentBytes: 0,
  sendFailures: 0,
});
