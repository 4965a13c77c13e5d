import type { Socket } from 'node:net';
import type { ReadMemory } from './read-memory.js';
import { newWriteRequest, type SocketHandle, type WriteRequest } from './socket-handle.js';

/**
 * What became of a write. `taken`: the system has all of it, the memory is free. `lent`: the memory is needed until
 * the write is done. `busy`: nothing was written, the stream has to do it. `failed`: the socket is broken.
 */
export type DirectWrite = 'taken' | 'lent' | 'busy' | 'failed';

/** Writes to a socket that has nothing waiting, past the machinery of streams, which costs more than the write. */
export class DirectWriter {
  #request: WriteRequest | undefined;
  #isWriting = false;

  constructor(
    private readonly socket: Socket,
    private readonly handle: SocketHandle,
    /** A write that was `lent` is done; negative when it failed. */
    private readonly onDone: (status: number) => void,
  ) {}

  /** Bytes that the system has not taken yet. */
  get pending(): number {
    return this.#isWriting ? this.handle.writeQueueSize : 0;
  }

  /** Writes the parts as one; `memory` is where they lie when they are only lent to us. */
  write(parts: Uint8Array | readonly Uint8Array[], memory?: ReadMemory): DirectWrite {
    this.#request ??= newWriteRequest();
    const request = this.#request;
    if (request === undefined || this.#isWriting || this.socket.writableLength > 0) return 'busy';
    const status =
      parts instanceof Uint8Array
        ? this.handle.writeBuffer(request, parts)
        : this.handle.writev(request, parts, true);
    if (status !== 0) return 'failed';
    // The queue may be empty again although the request is in use: only the request itself tells.
    if (request.getAsyncId() < 0) return 'taken';
    this.#isWriting = true;
    this.#request = undefined;
    memory?.lend();
    request.buffer = parts;
    request.oncomplete = (error) => {
      this.#isWriting = false;
      memory?.giveBack();
      this.onDone(error);
    };
    return 'lent';
  }
}
