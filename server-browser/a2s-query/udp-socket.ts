import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { QueryError } from './query-error.js';
import type { QuerySocket } from './query-socket.js';
import { canonicalAddress, formatAddress, type ServerAddress } from './server-address.js';

/** One UDP socket per family on a port of the system's choice, opened when it is first needed. */
export class UdpSocket implements QuerySocket {
  readonly #listeners = new Set<(bytes: Uint8Array, from: ServerAddress) => void>();
  readonly #sockets = new Map<4 | 6, Socket>();
  #closed = false;

  send(bytes: Uint8Array, to: ServerAddress, failed: (error: Error) => void): void {
    const family = isIP(to.host);
    if (this.#closed || (family !== 4 && family !== 6)) {
      const problem = this.#closed
        ? new QueryError('CLOSED', 'the socket is closed')
        : new QueryError(
            'BAD_ADDRESS',
            `${formatAddress(to)} is not an IP address; resolve it first`,
          );
      failed(problem);
      return;
    }
    this.#socket(family).send(bytes, to.port, to.host, (error) => {
      if (error !== null) failed(error);
    });
  }

  listen(heard: (bytes: Uint8Array, from: ServerAddress) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    this.#listeners.clear();
    await Promise.all(
      sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
  }

  #socket(family: 4 | 6): Socket {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
    socket.on('message', (bytes, { address, port }) => {
      const from = canonicalAddress({ host: address, port });
      for (const heard of this.#listeners) heard(bytes, from);
    });
    // Sends report their own errors; the others, such as ICMP of an earlier packet, concern no query.
    socket.on('error', () => {});
    this.#sockets.set(family, socket);
    return socket;
  }
}
