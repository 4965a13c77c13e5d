import { PeerAddress } from 'beaconry';
import { OUTGOING_PACKET_BUFFER } from 'beaconry/steam';
import type { SharedSocket } from './public.js';

/** What `getNextOutgoingPacket` answers; `length` 0 when there is nothing. Addresses are host-order numbers. */
export interface OutgoingPacket {
  readonly length: number;
  readonly out: Uint8Array;
  readonly address: number;
  readonly port: number;
}

/** Whether a packet of the game's socket was a query, and hence none of the game. */
export interface HandledPacket {
  readonly handled: boolean;
  /** The packet, when it was ours. */
  readonly data?: Uint8Array;
}

const nothing: OutgoingPacket = { length: 0, out: new Uint8Array(), address: 0, port: 0 };
const CONNECTIONLESS = 0xffffffff;
const queries = new Set([...'TUVW'].map((letter) => letter.charCodeAt(0)));
const ofMasters = new Set([...'sOf'].map((letter) => letter.charCodeAt(0)));

/** GameSocketShare as the game sees it (Steam game server API, section 8): its socket carries the queries too. */
export class SharedPort {
  #registered: Uint8Array | undefined;
  /** Queries the game handed in. */
  seen = 0;

  constructor(private readonly socket: SharedSocket) {}

  /** The wrapper form that passes only a size takes the bytes from this buffer. */
  registerBuffer(bytes: Uint8Array): void {
    this.#registered = bytes;
  }

  handle(packet: Uint8Array | number, ip: string | number, port: number): HandledPacket {
    const bytes = this.#bytes(packet);
    const kind = bytes[4];
    if (bytes.length < 5 || kind === undefined || readWord(bytes) !== CONNECTIONLESS) {
      return { handled: false };
    }
    if (!queries.has(kind) && !ofMasters.has(kind)) return { handled: false };
    const from = toPeer(ip, port);
    if (from === undefined) return { handled: false };
    if (queries.has(kind)) this.seen++;
    return this.socket.handle(bytes, from) ? { handled: true, data: bytes } : { handled: false };
  }

  /** First in, first out; a datagram that no buffer of 16 KiB holds is dropped whole. */
  next(bufferSize = OUTGOING_PACKET_BUFFER): OutgoingPacket {
    for (;;) {
      const packet = this.socket.next();
      if (packet === undefined) return nothing;
      if (packet.bytes.length > bufferSize || !packet.to.isIPv4) continue;
      const { bytes, to } = packet;
      return { length: bytes.length, out: bytes, address: to.d >>> 0, port: to.port };
    }
  }

  clear(): void {
    this.socket.clear();
  }

  #bytes(packet: Uint8Array | number): Uint8Array {
    if (typeof packet !== 'number') return packet;
    if (this.#registered === undefined) {
      throw new TypeError('handleIncomingPacket needs the bytes of the packet, not its size');
    }
    return this.#registered.subarray(0, packet);
  }
}

const readWord = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);

const toPeer = (ip: string | number, port: number): PeerAddress | undefined =>
  typeof ip === 'number'
    ? new PeerAddress().set(0, 0, 0xffff, ip | 0, port)
    : PeerAddress.parse(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
