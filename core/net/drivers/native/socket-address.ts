import { PeerAddress } from '../../peer-address.js';
import { AF_INET, AF_INET6 } from './libc.js';

/** Bytes kept for one address: `sockaddr_in6`, the larger of the two. */
export const ADDRESS_SIZE = 28;
/** The same in 32-bit words. */
export const ADDRESS_WORDS = ADDRESS_SIZE / 4;

/** Reads and writes socket addresses of one family in a table of them, without making objects. */
export class SocketAddressTable {
  readonly view: DataView;
  /** The same memory, {@link ADDRESS_WORDS} for each address. */
  readonly words: Int32Array;
  /** Bytes of one address as the system counts them. */
  readonly length: number;

  constructor(
    readonly bytes: Buffer,
    private readonly isIPv6: boolean,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    this.length = isIPv6 ? 28 : 16;
  }

  read(index: number, into: PeerAddress): void {
    const at = index * ADDRESS_SIZE;
    const { view } = this;
    const port = view.getUint16(at + 2, false);
    if (!this.isIPv6) {
      into.set(0, 0, 0xffff, view.getInt32(at + 4, false), port);
      return;
    }
    into.set(
      view.getInt32(at + 8, false),
      view.getInt32(at + 12, false),
      view.getInt32(at + 16, false),
      view.getInt32(at + 20, false),
      port,
    );
  }

  /** False when an IPv4 socket is to send to IPv6. */
  write(index: number, address: PeerAddress): boolean {
    const at = index * ADDRESS_SIZE;
    const { view } = this;
    if (!this.isIPv6) {
      if (!address.isIPv4) return false;
      view.setUint16(at, AF_INET, true);
      view.setUint16(at + 2, address.port, false);
      view.setInt32(at + 4, address.d, false);
      return true;
    }
    view.setUint16(at, AF_INET6, true);
    view.setUint16(at + 2, address.port, false);
    view.setInt32(at + 4, 0, true);
    view.setInt32(at + 8, address.a, false);
    view.setInt32(at + 12, address.b, false);
    view.setInt32(at + 16, address.c, false);
    view.setInt32(at + 20, address.d, false);
    view.setInt32(at + 24, 0, true);
    return true;
  }
}

/** One address as the system takes it. */
export function encodeSocketAddress(host: string, port: number): Buffer {
  const bytes = Buffer.alloc(ADDRESS_SIZE);
  const isIPv6 = host.includes(':');
  const table = new SocketAddressTable(bytes, isIPv6);
  table.write(0, PeerAddress.of(host, port));
  return isIPv6 ? bytes : bytes.subarray(0, 16);
}
