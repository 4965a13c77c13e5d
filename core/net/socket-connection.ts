import type { Socket } from 'node:net';
import type { Connection } from './connection.js';
import { PeerAddress } from './peer-address.js';

const GRACE_MS = 5000;

/** A {@link Connection} over a socket of Node. */
export class SocketConnection implements Connection {
  readonly from: PeerAddress;
  #closed = false;
  #onData: ((chunk: Buffer) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onClose: ((error?: Error) => void) | undefined;
  #onDrain: (() => void) | undefined;
  #error: Error | undefined;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: Socket,
    from?: PeerAddress,
  ) {
    this.from = from ?? PeerAddress.of(socket.remoteAddress ?? '0.0.0.0', socket.remotePort ?? 0);
    socket.setNoDelay(true);
    socket.on('drain', () => this.#onDrain?.());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('end', () => {
      if (this.#onEnd === undefined) this.end();
      else this.#onEnd();
    });
    socket.on('close', () => {
      this.#closed = true;
      clearTimeout(this.#graceTimer);
      this.#onClose?.(this.#error);
    });
  }

  get pending(): number {
    return this.socket.writableLength;
  }

  get closed(): boolean {
    return this.#closed || this.socket.destroyed;
  }

  onData(listener: (chunk: Buffer) => void): void {
    if (this.#onData !== undefined) this.socket.off('data', this.#onData);
    this.#onData = listener;
    this.socket.on('data', listener);
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
    // After `end` a write would be an error of Node; the peer is leaving, so the bytes are of no use.
    if (!this.socket.writable) return true;
    return this.socket.write(bytes);
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(graceMs = GRACE_MS): void {
    if (this.closed || this.#graceTimer !== undefined) return;
    this.socket.end();
    // Somebody who never reads must not keep the connection for ever.
    this.#graceTimer = setTimeout(() => this.socket.destroy(), graceMs);
    // What still arrives is of no interest, but unread bytes would keep 'close' from coming.
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }
}
