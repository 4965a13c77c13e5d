import type { ServerAddress } from './server-address.js';

/** What the clients need of a socket; `UdpSocket` is the real one. */
export interface QuerySocket {
  /** Sends one datagram; `failed` hears when the system refuses it. */
  send(bytes: Uint8Array, to: ServerAddress, failed: (error: Error) => void): void;
  /** Hears every datagram; the bytes may be kept. The returned function ends it. */
  listen(heard: (bytes: Uint8Array, from: ServerAddress) => void): () => void;
}

/** What the clients need of time. */
export interface QueryClock {
  /** Milliseconds since any start; never jumps. */
  monotonic(): number;
  /** Runs the task once; the returned function cancels it. */
  after(ms: number, task: () => void): () => void;
}

/** The time of this machine. */
export const systemClock: QueryClock = {
  monotonic: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
