import type { Server, Socket } from 'node:net';
import type { AddressRanges } from './address-ranges.js';
import { PeerAddress } from './peer-address.js';
import { decodeProxyHeader, longestProxyHeader, mayBeProxyHeader } from './proxy-header-codec.js';

export interface ProxiedConnectionsOptions {
  readonly trusted: AddressRanges;
  /**
   * A trusted proxy must say for whom it speaks. Where it may leave that out, whoever is behind a proxy that
   * passes bytes on as they come could say it in its place: only proxies that speak HTTP may.
   */
  readonly required: boolean;
  readonly refused: () => void;
}

/** Milliseconds until the whole header must have come. */
const headerTimeout = 5000;

const sources = new WeakMap<Socket, PeerAddress>();

/** For whom a trusted proxy speaks on this socket. */
export const proxiedSource = (socket: Socket): PeerAddress | undefined => sources.get(socket);

/**
 * Lets trusted proxies say in a PROXY v2 header for whom they speak, before anything else reads the
 * connection: plain, TLS or HTTP. `remoteAddress` of the socket is then that address. Call it before `listen`.
 */
export function readProxyHeaders(server: Server, options: ProxiedConnectionsOptions): void {
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  /** By the proxy's own address and port, since TLS gives the connection another socket. */
  const underTls = new Map<string, PeerAddress>();
  const accept = (socket: Socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
  server.on('connection', (socket: Socket) => {
    const { remoteAddress, remotePort } = socket;
    if (
      remoteAddress === undefined ||
      !options.trusted.includes(PeerAddress.of(remoteAddress, remotePort ?? 0))
    ) {
      accept(socket);
      return;
    }
    const key = `${remoteAddress} ${remotePort}`;
    const proxy = PeerAddress.of(remoteAddress, remotePort ?? 0);
    readHeader(proxy, socket, options, (source) => {
      if (source !== undefined) {
        underTls.set(key, source);
        socket.once('close', () => underTls.delete(key));
        speakFor(socket, source);
      }
      accept(socket);
    });
  });
  server.prependListener('secureConnection', (socket: Socket) => {
    const source = underTls.get(`${socket.remoteAddress} ${socket.remotePort}`);
    if (source !== undefined) speakFor(socket, source);
  });
}

function speakFor(socket: Socket, source: PeerAddress): void {
  sources.set(socket, source);
  const value = (one: unknown) => ({ value: one, configurable: true });
  Object.defineProperties(socket, {
    remoteAddress: value(source.host),
    remotePort: value(source.port),
    remoteFamily: value(source.isIPv4 ? 'IPv4' : 'IPv6'),
  });
}

function readHeader(
  proxy: PeerAddress,
  socket: Socket,
  { required, refused }: ProxiedConnectionsOptions,
  done: (source: PeerAddress | undefined) => void,
): void {
  let held = Buffer.alloc(0);
  const leave = () => {
    clearTimeout(timer);
    socket.off('readable', look).off('end', refuse).off('error', refuse).off('close', leave);
  };
  const refuse = () => {
    leave();
    socket.on('error', () => {});
    socket.destroy();
    refused();
  };
  const go = (source: PeerAddress | undefined, rest: Buffer) => {
    leave();
    if (rest.length > 0) socket.unshift(rest);
    done(source);
  };
  const look = () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
      held = Buffer.concat([held, chunk as Buffer]);
    }
    if (held.length === 0) return;
    try {
      if (!required && !mayBeProxyHeader(held)) {
        go(undefined, held);
        return;
      }
      const header = decodeProxyHeader(held);
      if (header !== undefined) go(header.source ?? proxy, held.subarray(header.length));
      else if (held.length > longestProxyHeader) refuse();
    } catch {
      refuse();
    }
  };
  const timer = setTimeout(refuse, headerTimeout);
  socket.on('readable', look).on('end', refuse).on('error', refuse).on('close', leave);
}
