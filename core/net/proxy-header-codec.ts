import { ByteReader } from './byte-reader.js';
import { DecodeError } from './decode-error.js';
import { PeerAddress } from './peer-address.js';

/** PROXY protocol, version 2 (haproxy, doc/proxy-protocol.txt, section 2.2). */
const signature = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);
const fixedLength = 16;
/** Addresses and extensions; more than this no proxy has to say. */
export const longestProxyHeader = 2048;

export interface ProxyHeader {
  /** Bytes of the whole header: what follows is the connection's own. */
  readonly length: number;
  /** For whom the proxy speaks; undefined when it speaks for itself, as in a health check. */
  readonly source: PeerAddress | undefined;
}

/** True as long as the bytes may be the beginning of a header. */
export function mayBeProxyHeader(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, signature.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== signature[i]) return false;
  return true;
}

/** Reads the header at the beginning of a connection; undefined when bytes are still missing. */
export function decodeProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (!mayBeProxyHeader(bytes)) throw new DecodeError('unexpected', 0, 'no PROXY v2 header');
  if (bytes.length < fixedLength) return undefined;
  const reader = new ByteReader(bytes);
  reader.skip(signature.length);
  const versionAndCommand = reader.u8();
  const family = reader.u8();
  const length = fixedLength + reader.u16be();
  if (versionAndCommand >> 4 !== 2) throw new DecodeError('invalid', 12, 'not version 2 of PROXY');
  const command = versionAndCommand & 15;
  if (command > 1) throw new DecodeError('invalid', 12, `unknown PROXY command ${command}`);
  if (length > longestProxyHeader) {
    throw new DecodeError('invalid', 14, `a PROXY header of ${length} bytes is too long`);
  }
  if (bytes.length < length) return undefined;
  if (command === 0) return { length, source: undefined };
  switch (family) {
    case 0x11: // TCP over IPv4: two addresses, two ports
      return { length, source: readSource(bytes, length, 4) };
    case 0x21: // TCP over IPv6
      return { length, source: readSource(bytes, length, 16) };
    case 0x00: // the proxy does not know
      return { length, source: undefined };
    default:
      throw new DecodeError('invalid', 13, `PROXY family ${family} is no TCP`);
  }
}

function readSource(bytes: Uint8Array, length: number, size: 4 | 16): PeerAddress {
  if (length < fixedLength + 2 * size + 4) {
    throw new DecodeError('truncated', length, 'the PROXY header is too short for its addresses');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const port = view.getUint16(fixedLength + 2 * size);
  const address = new Uint8Array(16);
  if (size === 4) address.set([0xff, 0xff], 10);
  address.set(bytes.subarray(fixedLength, fixedLength + size), 16 - size);
  return new PeerAddress().setBytes(address, 0, port);
}
