import { ByteReader, ByteWriter, DecodeError, PeerAddress } from 'beaconry';

/** `1`: a client asks for a page of servers. */
export interface ListRequest {
  /** 0..7, or 255 for everywhere. */
  readonly region: number;
  /** The last server of the page before; undefined asks for the first page. */
  readonly after: PeerAddress | undefined;
  readonly filter: string;
}

/** A page of the list. */
export interface ListPage {
  readonly servers: readonly PeerAddress[];
  /** An entry of zeros follows the last server: there is nothing more. */
  readonly last: boolean;
  /** Xash3D: the number of the client's `\key\`, repeated in front of the servers. */
  readonly key: number | null;
}

/** IPv4 entries have 6 bytes, IPv6 entries 18; a page has one sort. */
export type ListFamily = 'ipv4' | 'ipv6';

/** The largest page, in bytes: 231 IPv4 or 77 IPv6 entries. */
export const largestListPage = 1392;

const letter = 0x31;
const pageHeader = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x66, 0x0a);
const keyMark = 0x7f;
const keyEnd = 0x08;
const textDecoder = new TextDecoder('utf-8');

/** Entries that fit into one page, the final zeros included. */
export const pageCapacity = (family: ListFamily, keyed: boolean): number =>
  Math.floor((largestListPage - pageHeader.length - (keyed ? 6 : 0)) / entrySize(family));

const entrySize = (family: ListFamily): number => (family === 'ipv4' ? 6 : 18);

/**
 * Reads `31 region "ip:port" 00 filter 00` (section 2).
 *
 * COMPAT: quakestat 2.17 without a filter sends a stray byte behind the port and no filter, and old Xash3D
 * engines leave out the last zero: the port is its leading digits, both zeros may be missing.
 */
export function decodeListRequest(bytes: Uint8Array): ListRequest {
  const reader = new ByteReader(bytes);
  reader.expect(Uint8Array.of(letter), 'a list request');
  const region = reader.u8();
  const at = reader.offset;
  const after = parseCursor(textUpToZero(reader));
  if (after === undefined) throw new DecodeError('invalid', at, 'no address with a port');
  return {
    region,
    after: isNone(after) ? undefined : after,
    filter: textUpToZero(reader),
  };
}

export function encodeListRequest(request: ListRequest): Uint8Array {
  return new ByteWriter(64, 1400)
    .u8(letter)
    .u8(request.region)
    .cString(request.after?.toString() ?? '0.0.0.0:0')
    .cString(request.filter)
    .toBytes();
}

export function encodeListPage(page: ListPage, family: ListFamily): Uint8Array {
  const size = pageHeader.length + 6 + (page.servers.length + 1) * entrySize(family);
  const writer = new ByteWriter(size).bytes(pageHeader);
  if (page.key !== null) writer.u8(keyMark).u32le(page.key).u8(keyEnd);
  for (const server of page.servers) writeEntry(writer, server, family);
  if (page.last) writeEntry(writer, none, family);
  return writer.toBytes();
}

export function decodeListPage(bytes: Uint8Array, family: ListFamily): ListPage {
  const reader = new ByteReader(bytes);
  reader.expect(pageHeader, 'a page of servers');
  // An address never begins with 127 on a public list, but on a loopback it does: the key's end tells.
  const keyed =
    bytes[6] === keyMark &&
    bytes[11] === keyEnd &&
    reader.remaining % entrySize(family) === 6 % entrySize(family);
  let key: number | null = null;
  if (keyed) {
    reader.skip(1);
    key = reader.u32le();
    reader.skip(1);
  }
  const servers: PeerAddress[] = [];
  while (reader.remaining > 0) {
    const server = readEntry(reader, family);
    if (isNone(server)) {
      reader.end();
      return { servers, last: true, key };
    }
    servers.push(server);
  }
  return { servers, last: false, key };
}

const none = new PeerAddress().set(0, 0, 0xffff, 0, 0);
const isNone = (address: PeerAddress): boolean =>
  address.port === 0 &&
  address.d === 0 &&
  (address.isIPv4 || (address.a | address.b | address.c) === 0);

const writeEntry = (writer: ByteWriter, server: PeerAddress, family: ListFamily): void => {
  if (family === 'ipv4') {
    writer.u32be(server.d >>> 0);
  } else {
    const mapped = isNone(server);
    writer.u32be(server.a >>> 0).u32be(server.b >>> 0);
    writer.u32be(mapped ? 0 : server.c >>> 0).u32be(server.d >>> 0);
  }
  writer.u16be(server.port);
};

const readEntry = (reader: ByteReader, family: ListFamily): PeerAddress => {
  if (family === 'ipv4')
    return new PeerAddress().set(0, 0, 0xffff, reader.u32be() | 0, reader.u16be());
  const address = new PeerAddress().setBytes(reader.view(16), 0, 0);
  address.port = reader.u16be();
  return address;
};

const textUpToZero = (reader: ByteReader): string => {
  const rest = reader.bytes.subarray(reader.offset);
  const zero = rest.indexOf(0);
  const length = zero === -1 ? rest.length : zero;
  const text = textDecoder.decode(reader.view(length));
  if (zero !== -1) reader.skip(1);
  return text;
};

/** The longest beginning of the text that is an address with a port. */
const parseCursor = (text: string): PeerAddress | undefined => {
  const match = /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:.]+\]):(\d{1,5})/.exec(text);
  if (match === null) return undefined;
  const [, host, port] = match as unknown as [string, string, string];
  return PeerAddress.parse(`${host}:${port}`) ?? PeerAddress.parse(`${host}:${port.slice(0, -1)}`);
};
