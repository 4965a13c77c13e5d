import type { Connection } from '../net/connection.js';
import { PeerAddress } from '../net/peer-address.js';

const HIGH_WATER = 16 * 1024;

/**
 * A TCP connection without sockets: the server's side is a {@link Connection}, the test plays the client
 * with `send`, `received`, `finish`, `drop`. Everything is delivered at once, in order.
 */
export class MemoryConnection implements Connection {
  readonly from: PeerAddress;
  closed = false;
  /** The client reads nothing: what the server writes piles up in `pending`. */
  stalled = false;
  readonly #received: Uint8Array[] = [];
  readonly #waiting: Buffer[] = [];
  #stuck: Uint8Array[] = [];
  #paused = false;
  #ended = false;
  #onData: ((chunk: Buffer) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onClose: ((error?: Error) => void) | undefined;
  #onDrain: (() => void) | undefined;

  constructor(from = '192.0.2.1:40000') {
    this.from = PeerAddress.parse(from) ?? new PeerAddress();
  }

  // The client's side.

  /** The client sends bytes; while the server pauses they wait. */
  send(bytes: Uint8Array | string): void {
    if (this.closed) return;
    const chunk = Buffer.from(bytes as Uint8Array);
    if (this.#paused || this.#onData === undefined) this.#waiting.push(chunk);
    else this.#onData(chunk);
  }

  /** Takes everything the client has received since the last call. */
  received(): Buffer {
    return Buffer.concat(this.#received.splice(0));
  }

  /** The client reads again. */
  unstall(): void {
    this.stalled = false;
    this.#received.push(...this.#stuck);
    this.#stuck = [];
    this.#onDrain?.();
    if (this.#ended) this.destroy();
  }

  /** The client ends its side properly. */
  finish(): void {
    if (this.closed) return;
    if (this.#onEnd === undefined) this.end();
    else this.#onEnd();
  }

  /** The network drops the connection. */
  drop(error = new Error('connection reset')): void {
    this.#close(error);
  }

  // The server's side.

  get pending(): number {
    return this.#stuck.reduce((sum, bytes) => sum + bytes.length, 0);
  }
  onData(listener: (chunk: Buffer) => void): void {
    this.#onData = listener;
    this.#flushWaiting();
  }
  onLentData(listener: (chunk: Buffer) => void): void {
    this.onData((chunk) => {
      listener(chunk);
      // Whoever kept a view will see this.
      chunk.fill(0xdb);
    });
  }
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }
  onClose(listener: (error?: Error) => void): void {
    this.#onClose = listener;
  }
  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }
  write(bytes: Uint8Array): boolean {
    if (this.closed || this.#ended) return true;
    if (!this.stalled) {
      this.#received.push(Uint8Array.from(bytes));
      return true;
    }
    this.#stuck.push(Uint8Array.from(bytes));
    return this.pending <= HIGH_WATER;
  }
  writeLent(parts: readonly Uint8Array[]): boolean {
    return this.write(Buffer.concat(parts));
  }
  cork(): void {}
  uncork(): void {}
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
    this.#flushWaiting();
  }
  end(): void {
    this.#ended = true;
    if (this.#stuck.length === 0) this.destroy();
  }
  destroy(): void {
    this.#close(undefined);
  }

  #flushWaiting(): void {
    while (!this.#paused && this.#onData !== undefined) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) return;
      this.#onData(chunk);
    }
  }

  #close(error: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.#onClose?.(error);
  }
}
