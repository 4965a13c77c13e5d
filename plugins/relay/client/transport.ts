/** A byte stream in both directions, over TCP or WebSocket. */
export interface Transport {
  /** Bytes that were sent and have not left yet. */
  readonly pending: number;
  send(bytes: Uint8Array): void;
  /** Ends the stream after what was sent. */
  close(): void;
}

/** What a transport tells; `closed` comes once. */
export interface TransportListener {
  data(chunk: Uint8Array): void;
  closed(error?: Error): void;
}

/** The server takes WebSocket messages of up to 64 KiB; the stream is cut into such. */
const LONGEST_MESSAGE = 32 * 1024;

/** What we use of the WebSocket of browsers, of newer Node and of the package `ws`. */
interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  send(bytes: Uint8Array): void;
  close(code?: number): void;
  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void;
}
type WebSocketClass = new (url: string) => WebSocketLike;

/** Connects to `tcp://host:port` (Node only) or to `ws://…/v1/relay/ws` and `wss://…` (anywhere). */
export function openTransport(url: string, listener: TransportListener): Promise<Transport> {
  const { protocol } = new URL(url);
  if (protocol === 'tcp:') return openTcp(url, listener);
  if (protocol === 'ws:' || protocol === 'wss:') return openWebSocket(url, listener);
  throw new TypeError(`${url} is neither tcp://host:port nor ws://host:port/v1/relay/ws`);
}

async function openTcp(url: string, listener: TransportListener): Promise<Transport> {
  const { connect } = await import('node:net');
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect({ host, port: Number(port || 5300), noDelay: true });
    socket.on('error', (error) => {
      failure = error;
      reject(error);
    });
    socket.on('data', (chunk) => listener.data(chunk));
    socket.on('close', () => listener.closed(failure));
    socket.on('connect', () =>
      resolve({
        get pending() {
          return socket.writableLength;
        },
        send: (bytes) => socket.write(bytes),
        close: () => socket.end(),
      }),
    );
  });
}

async function openWebSocket(url: string, listener: TransportListener): Promise<Transport> {
  const known = (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  const WebSocket = known ?? ((await import('ws')).WebSocket as unknown as WebSocketClass);
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let failure: Error | undefined;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) listener.data(new Uint8Array(data));
    });
    socket.addEventListener('error', () => {
      failure = new Error(`the WebSocket ${url} failed`);
      reject(failure);
    });
    socket.addEventListener('close', () => listener.closed(failure));
    socket.addEventListener('open', () =>
      resolve({
        get pending() {
          return socket.bufferedAmount;
        },
        send(bytes) {
          for (let at = 0; at < bytes.length; at += LONGEST_MESSAGE) {
            socket.send(bytes.subarray(at, at + LONGEST_MESSAGE));
          }
        },
        close: () => socket.close(1000),
      }),
    );
  });
}
