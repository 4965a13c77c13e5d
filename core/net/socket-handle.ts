import { Socket } from 'node:net';

/**
 * What lies under a socket of Node. Reading into one buffer that is used again and writing without the
 * machinery of streams are what `node:net` offers to clients (`onread`) but not to accepted connections, and it
 * is what a forwarder needs. Everything here is looked for before it is used; what is missing is done the usual way.
 */
export interface SocketHandle {
  /** Bytes that the system has not taken yet. */
  readonly writeQueueSize: number;
  /** 0, or a negative error number; the request is only used when the system did not take everything. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  /** The same for several pieces; the last argument says that all of them are memory and none a text. */
  writev(request: WriteRequest, parts: readonly Uint8Array[], allMemory: true): number;
}
export interface WriteRequest {
  oncomplete(status: number): void;
  /** Negative until the request is in use, which it is from then until `oncomplete`; never use one twice. */
  getAsyncId(): number;
  /** Keeps the memory until the system has taken it. */
  buffer?: Uint8Array | readonly Uint8Array[];
}

interface InnerSocket {
  _handle: (SocketHandle & { readStop?: unknown; useUserBuffer?: unknown }) | null;
  _server?: unknown;
}

export const handleOf = (socket: Socket): SocketHandle | undefined => {
  const handle = (socket as unknown as InnerSocket)._handle;
  return typeof handle?.writeBuffer === 'function' &&
    typeof handle.writev === 'function' &&
    typeof handle.writeQueueSize === 'number'
    ? handle
    : undefined;
};

/** How an accepted socket reads: `buffer` gives the memory for the next read, or undefined for the same again. */
export interface StaticReading {
  buffer(): Uint8Array | undefined;
  /** Bytes have come; false stops reading until `resume`. The memory is used again after the return. */
  received(length: number, buffer: Uint8Array): boolean;
}

/**
 * Takes over a paused, just accepted socket into one that reads into given memory. Gives the same socket
 * back, and is never called, where that is not possible.
 */
export function readStatically(accepted: Socket, reading: StaticReading): Socket {
  const inner = accepted as unknown as InnerSocket;
  const handle = inner._handle;
  if (typeof handle?.useUserBuffer !== 'function' || typeof handle.readStop !== 'function') {
    return accepted;
  }
  const options = {
    handle,
    allowHalfOpen: true,
    pauseOnCreate: true,
    onread: {
      buffer: () => reading.buffer() as Uint8Array,
      callback: (length: number, buffer: Uint8Array) => reading.received(length, buffer),
    },
  };
  const socket = new Socket(options);
  // The listening socket counts its connections; the count moves along.
  (socket as unknown as InnerSocket)._server = inner._server;
  inner._server = null;
  inner._handle = null;
  return socket;
}

let Request: (new () => WriteRequest) | undefined;

/** The class of a request that Node has made, if an unused one can be told from one in use. */
function requestClass(made: WriteRequest): (new () => WriteRequest) | undefined {
  const Class = made.constructor as new () => WriteRequest;
  const unused: Partial<WriteRequest> = new Class();
  return typeof unused.getAsyncId === 'function' && unused.getAsyncId() < 0 ? Class : undefined;
}

/** A new request for `writeBuffer`; undefined until Node itself has made one. */
export const newWriteRequest = (): WriteRequest | undefined =>
  Request === undefined ? undefined : new Request();

/** Looks at the next write of this socket to learn what a request is. */
export function learnWriteRequest(handle: SocketHandle): void {
  if (Request !== undefined || Object.hasOwn(handle, 'writeBuffer')) return;
  handle.writeBuffer = (request, bytes) => {
    // The one on the prototype is in force again.
    delete (handle as { writeBuffer?: unknown }).writeBuffer;
    Request = requestClass(request);
    return handle.writeBuffer(request, bytes);
  };
}
