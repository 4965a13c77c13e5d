import { timingSafeEqual } from 'node:crypto';
import { connect } from 'node:net';
import type { Connection } from '../net/connection.js';
import { PeerAddress } from '../net/peer-address.js';
import { relayBytes, SocketConnection } from '../net/socket-connection.js';

/** Where the home listens, and what proves to it that a node calls. */
export interface HandOverTarget {
  readonly host: string;
  readonly port: number;
  /** Base64. */
  readonly secret: string;
}

export const secretLength = 32;
/** Secret, then the address and port of the peer as text of fixed length. */
export const introLength = secretLength + 64;
/** What the home says to an introduction that it takes. */
export const accepted = Buffer.from([6]);
const flushTime = 30_000;

/** Hands a connection on to another node byte by byte; `failed` when that node cannot be reached. */
export function handOver(
  connection: Connection,
  target: HandOverTarget,
  told: { readonly gone: () => void; readonly failed: () => void },
): void {
  connection.pause();
  let far: SocketConnection | undefined;
  const socket = connect({ host: target.host, port: target.port, allowHalfOpen: true });
  socket.pause();
  connection.onEnd(() => {
    if (far === undefined) socket.destroy();
    else far.end(flushTime);
    connection.end(flushTime);
  });
  connection.onClose(() => {
    told.gone();
    if (far === undefined) socket.destroy();
    else far.end(flushTime);
  });
  socket.once('error', () => {
    connection.destroy();
    told.failed();
  });
  socket.once('connect', () => {
    far = new SocketConnection(socket);
    far.onEnd(() => {
      connection.end(flushTime);
      far?.end(flushTime);
    });
    far.onClose(() => connection.end(flushTime));
    far.write(intro(target, connection.from));
    far.onData((chunk) => {
      if (chunk[0] !== accepted[0]) {
        connection.destroy();
        return;
      }
      if (chunk.length > 1) connection.write(chunk.subarray(1));
      if (far === undefined) return;
      relayBytes(far, connection);
      relayBytes(connection, far);
    });
  });
}

function intro({ secret }: HandOverTarget, from: PeerAddress): Buffer {
  const bytes = Buffer.alloc(introLength);
  Buffer.from(secret, 'base64').copy(bytes);
  bytes.write(from.toString(), secretLength, 'latin1');
  return bytes;
}

/** Whose connection it is; undefined when it is longer than an introduction, or proves nothing. */
export function readIntro(bytes: Buffer, secret: Buffer): PeerAddress | undefined {
  if (bytes.length !== introLength) return undefined;
  if (!timingSafeEqual(bytes.subarray(0, secretLength), secret)) return undefined;
  const text = bytes.toString('latin1', secretLength);
  const end = text.indexOf('\0');
  return PeerAddress.parse(end < 0 ? text : text.slice(0, end));
}
