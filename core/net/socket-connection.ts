import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Connection } from './connection.js';
import { PeerAddress } from './peer-address.js';
import {
  handleOf,
  learnWriteRequest,
  newWriteRequest,
  readStatically,
  type SocketHandle,
  type WriteRequest,
} from './socket-handle.js';

const GRACE_MS = 5000;
/** Silence after which the system asks whether the peer is still there; a vanished one ends as an error. */
const KEEP_ALIVE_MS = 30_000;
const CHUNK = 64 * 1024;

/** All connections that do not relay read into this one, and get a copy of what came. */
const sharedBuffer = Buffer.allocUnsafeSlow(CHUNK);

/** A {@link Connection} over a socket of Node that was accepted and paused. */
export class SocketConnection implements Connection {
  readonly from: PeerAddress;
  readonly #socket: Socket;
  /** Undefined when bytes come as chunks of a stream. */
  readonly #handle: SocketHandle | undefined;
  #closed = false;
  #held = true;
  #onData: ((chunk: Buffer) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onClose: ((error?: Error) => void) | undefined;
  #onDrain: (() => void) | undefined;
  #error: Error | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  /** Where everything goes that comes; and the memory for it. */
  #target: SocketConnection | undefined;
  #nextBuffer: Uint8Array | undefined = sharedBuffer;
  #spare: Uint8Array | undefined;
  /** Memory of the source that the system has not taken yet. */
  #lent: Uint8Array | undefined;
  #view: Uint8Array | undefined;
  #request: WriteRequest | undefined;
  #writing = false;
  /** No more bytes may be written. */
  #finished = false;

  constructor(accepted: Socket, from?: PeerAddress, gone?: (connection: SocketConnection) => void) {
    const socket =
      // What came behind a PROXY header has been read into the stream already.
      accepted instanceof TLSSocket || from !== undefined
        ? accepted
        : readStatically(accepted, {
            buffer: () => this.#takeNextBuffer(),
            received: (length, buffer) => this.#received(length, buffer),
          });
    this.#socket = socket;
    this.#handle = socket === accepted ? undefined : handleOf(socket);
    this.from = from ?? PeerAddress.of(socket.remoteAddress ?? '0.0.0.0', socket.remotePort ?? 0);
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
      gone?.(this);
      this.#onClose?.(this.#error);
    });
    if (socket === accepted) socket.on('data', (chunk: Buffer) => this.#onData?.(chunk)).pause();
  }

  get pending(): number {
    const direct = this.#writing ? (this.#handle?.writeQueueSize ?? 0) : 0;
    return this.#socket.writableLength + direct;
  }

  get closed(): boolean {
    return this.#closed || this.#socket.destroyed;
  }

  onData(listener: (chunk: Buffer) => void): void {
    const isFirst = this.#onData === undefined;
    this.#onData = listener;
    if (isFirst && this.#held) this.resume();
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
    this.#target = target;
    this.#nextBuffer = Buffer.allocUnsafeSlow(CHUNK);
    target.#onDrain = () => this.resume();
    // Node says 'drain' only to those whom it has asked to wait.
    if (target.#socket.writableNeedDrain) this.pause();
    else this.resume();
    return true;
  }

  #takeNextBuffer(): Uint8Array | undefined {
    const next = this.#nextBuffer;
    this.#nextBuffer = undefined;
    return next;
  }

  #received(length: number, buffer: Uint8Array): boolean {
    const target = this.#target;
    if (target === undefined) {
      this.#onData?.(Buffer.from(buffer.subarray(0, length)));
      return true;
    }
    const bytes = this.#viewOf(buffer, length);
    // The first bytes of a relay still lie in the memory that all share.
    const own = buffer !== sharedBuffer;
    if (target.#writeDirect(own ? bytes : Buffer.from(bytes), buffer)) return true;
    // Lent memory is not read into before it has come back, and it has when the other is lent.
    if (own && target.#lent === buffer) {
      this.#nextBuffer = this.#spare ?? Buffer.allocUnsafeSlow(CHUNK);
      this.#spare = buffer;
    }
    return false;
  }

  /** The same view again while messages of one size come into the same memory. */
  #viewOf(buffer: Uint8Array, length: number): Uint8Array {
    let view = this.#view;
    if (view === undefined || view.length !== length || view.buffer !== buffer.buffer) {
      view = buffer.subarray(0, length);
      this.#view = view;
    }
    return view;
  }

  /** True when the memory of the bytes is free again; else the listener of `onDrain` hears when it is. */
  #writeDirect(bytes: Uint8Array, memory: Uint8Array): boolean {
    const socket = this.#socket;
    const handle = this.#handle;
    if (this.#finished) return true;
    this.#request ??= newWriteRequest();
    const request = this.#request;
    if (
      handle === undefined ||
      request === undefined ||
      this.#writing ||
      socket.writableLength > 0
    ) {
      return this.write(Buffer.from(bytes));
    }
    const status = handle.writeBuffer(request, bytes);
    if (status !== 0) {
      this.destroy();
      return true;
    }
    // The queue may be empty again although the request is in use: only the request itself tells.
    if (request.getAsyncId() < 0) return true;
    this.#writing = true;
    this.#lent = memory;
    this.#request = undefined;
    request.buffer = bytes;
    request.oncomplete = (error) => {
      this.#writing = false;
      this.#lent = undefined;
      if (error < 0) this.destroy();
      else this.#onDrain?.();
    };
    return false;
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
