import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Connection } from './connection.js';
import { DirectWriter } from './direct-writer.js';
import { PeerAddress } from './peer-address.js';
import type { ReadMemory } from './read-memory.js';
import { handleOf, learnWriteRequest, readStatically, type SocketHandle } from './socket-handle.js';
import { memoryInUse, type RelayTarget, SocketReader } from './socket-reader.js';

const GRACE_MS = 5000;
/** Silence after which the system asks whether the peer is still there; a vanished one ends as an error. */
const KEEP_ALIVE_MS = 30_000;

/** A {@link Connection} over a socket of Node that was accepted and paused. */
export class SocketConnection implements Connection, RelayTarget {
  #from: PeerAddress;
  readonly #socket: Socket;
  /** Undefined when bytes come as chunks of a stream. */
  readonly #handle: SocketHandle | undefined;
  readonly #writer: DirectWriter | undefined;
  readonly #reader = new SocketReader((chunk) => this.#onData?.(chunk));
  #closed = false;
  #held = true;
  #onData: ((chunk: Buffer) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onClose: ((error?: Error) => void) | undefined;
  #onDrain: (() => void) | undefined;
  #error: Error | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  /** No more bytes may be written. */
  #finished = false;

  constructor(accepted: Socket, from?: PeerAddress, gone?: (connection: SocketConnection) => void) {
    const socket =
      // What came behind a PROXY header has been read into the stream already.
      accepted instanceof TLSSocket || from !== undefined
        ? accepted
        : readStatically(accepted, this.#reader);
    this.#socket = socket;
    this.#handle = socket === accepted ? undefined : handleOf(socket);
    if (this.#handle !== undefined) {
      this.#writer = new DirectWriter(socket, this.#handle, (status) => {
        if (status < 0) this.destroy();
        else this.#onDrain?.();
      });
    }
    this.#from = from ?? PeerAddress.of(socket.remoteAddress ?? '0.0.0.0', socket.remotePort ?? 0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('drain', () => this.#onDrain?.());
    socket.on('error', (error) => {
      this.#finished = true;
      this.#error = error;
    });
    socket.on('end', () => {
      if (this.#onEnd === undefined) this.end();
      else this.#onEnd();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#finished = true;
      clearTimeout(this.#graceTimer);
      this.#reader.end();
      gone?.(this);
      this.#onClose?.(this.#error);
    });
    if (socket === accepted) socket.on('data', (chunk: Buffer) => this.#onData?.(chunk)).pause();
  }

  get from(): PeerAddress {
    return this.#from;
  }

  /** Another node accepted it, from this address. */
  arrivedFrom(address: PeerAddress): void {
    this.#from = address;
  }

  get pending(): number {
    return this.#socket.writableLength + (this.#writer?.pending ?? 0);
  }

  get closed(): boolean {
    return this.#closed || this.#socket.destroyed;
  }

  onData(listener: (chunk: Buffer) => void): void {
    const isFirst = this.#onData === undefined;
    this.#onData = listener;
    if (isFirst && this.#held) this.resume();
  }

  onLentData(listener: (chunk: Buffer) => void): void {
    this.#reader.lend();
    this.onData(listener);
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
    if (!this.#socket.writable) return true;
    if (this.#handle !== undefined) learnWriteRequest(this.#handle);
    return this.#socket.write(bytes);
  }

  writeLent(parts: readonly Uint8Array[]): boolean {
    const only = parts.length === 1 ? parts[0] : undefined;
    switch (this.#finished ? 'taken' : this.#writer?.write(only ?? parts, memoryInUse())) {
      case 'taken':
        return true;
      case 'lent':
        return false;
      case 'failed':
        this.destroy();
        return true;
      default:
        return this.write(Buffer.concat(parts));
    }
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#held = false;
    this.#socket.pause();
  }

  resume(): void {
    this.#held = false;
    this.#socket.resume();
  }

  end(graceMs = GRACE_MS): void {
    if (this.closed || this.#graceTimer !== undefined) return;
    this.#finished = true;
    this.#socket.end();
    // Somebody who never reads must not keep the connection for ever.
    this.#graceTimer = setTimeout(() => this.#socket.destroy(), graceMs);
    // What still arrives is of no interest, but unread bytes would keep 'close' from coming.
    this.#socket.resume();
  }

  destroy(): void {
    this.#finished = true;
    this.#socket.destroy();
  }

  /** See {@link relayBytes}; false when only chunks can be had. */
  relayTo(target: SocketConnection): boolean {
    if (this.#handle === undefined || target.#handle === undefined) return false;
    this.#reader.relayTo(target);
    target.#onDrain = () => this.resume();
    // Node says 'drain' only to those whom it has asked to wait.
    if (target.#socket.writableNeedDrain) this.pause();
    else this.resume();
    return true;
  }

  forward(bytes: Uint8Array, memory: ReadMemory | undefined): 'taken' | 'lent' | 'full' {
    if (this.#finished) return 'taken';
    const result = memory === undefined ? 'busy' : this.#writer?.write(bytes, memory);
    if (result === 'taken' || result === 'lent') return result;
    if (result === 'failed') this.destroy();
    return this.write(Buffer.from(bytes)) ? 'taken' : 'full';
  }
}

/**
 * From now on every byte that `from` sends goes to `to` as it came: with back-pressure, and without copying where
 * both are plain sockets. Takes the place of `onData` of the one and `onDrain` of the other; `onEnd` and `onClose`
 * stay with the caller.
 */
export function relayBytes(from: Connection, to: Connection): void {
  if (from instanceof SocketConnection && to instanceof SocketConnection && from.relayTo(to)) {
    return;
  }
  let isFull = false;
  from.onData((chunk) => {
    if (to.write(chunk) || isFull) return;
    isFull = true;
    from.pause();
  });
  to.onDrain(() => {
    isFull = false;
    from.resume();
  });
  from.resume();
}
