import type { PeerAddress } from './peer-address.js';

/**
 * One accepted TCP connection (TLS and PROXY v2 already undone). Exactly one listener of each kind is in
 * force; setting another replaces it, so a protocol can hand a connection on.
 */
export interface Connection {
  readonly from: PeerAddress;
  /** Bytes accepted by `write` that the system has not taken yet. */
  readonly pending: number;
  readonly closed: boolean;
  /** Called with each chunk as it came; the chunk may be kept. */
  onData(listener: (chunk: Buffer) => void): void;
  /**
   * In place of `onData`: the chunk lies in memory that is read into again as soon as the listener returns, which
   * spares a copy of everything that comes. Whoever keeps any of it copies that; `writeLent` sends it on.
   */
  onLentData(listener: (chunk: Buffer) => void): void;
  /** The peer ended its side; without a listener the connection is ended too. */
  onEnd(listener: () => void): void;
  /** Once, when nothing more will be read or written; with the cause when it was an error. */
  onClose(listener: (error?: Error) => void): void;
  /** After `write` returned false: everything pending was taken. */
  onDrain(listener: () => void): void;
  /** Queues bytes, which must not change afterwards; false when more than the high-water mark is pending. */
  write(bytes: Uint8Array): boolean;
  /** Writes parts as one, which may lie in the chunk that a listener of `onLentData` is handling; else as `write`. */
  writeLent(parts: readonly Uint8Array[]): boolean;
  /** Between cork and uncork writes are gathered into one. */
  cork(): void;
  uncork(): void;
  pause(): void;
  resume(): void;
  /** Closes after flushing what is pending, at the latest after `graceMs` (default 5000). */
  end(graceMs?: number): void;
  /** Closes at once; pending bytes are lost. */
  destroy(): void;
}

/** A TCP endpoint of the configuration, as a plugin gets it; it may have several addresses. */
export interface TcpEndpoint {
  readonly names: readonly string[];
  /** Hosts as configured, known before anything is bound: to refuse what only loopback may have. */
  readonly hosts: readonly string[];
  /** Bound addresses; known from `ServerStarted` on. */
  readonly addresses: readonly PeerAddress[];
  /** One plugin takes all connections of an endpoint; a second one is an error that names both. */
  onConnection(handler: (connection: Connection) => void): void;
}
