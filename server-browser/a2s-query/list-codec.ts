import { isIP, SocketAddress } from 'node:net';
import { ByteReader } from '../../core/net/byte-reader.js';
import { ByteWriter } from '../../core/net/byte-writer.js';
import { DecodeError } from '../../core/net/decode-error.js';
import { formatAddress, type ServerAddress } from './server-address.js';

/** Region byte of a list request. */
export const Region = {
  usEast: 0,
  usWest: 1,
  southAmerica: 2,
  europe: 3,
  asia: 4,
  australia: 5,
  middleEast: 6,
  africa: 7,
  world: 255,
} as const;

/** `31 region:1 "ip:port" 00 filter 00`; the first page is asked with 0.0.0.0:0. */
export interface ListRequest {
  readonly region: number;
  /** The last entry of the page before. */
  readonly after: ServerAddress;
  /** `\key\value` pairs, possibly none. */
  readonly filter: string;
}

/** `FF FF FF FF 66 0A [7F key:4 08] { ip:4 port:2 }*`, addresses and ports big-endian. */
export interface ListPage {
  /** Entries without the end mark. */
  readonly servers: readonly ServerAddress[];
  /** The end mark 0.0.0.0:0 was there: no further page. */
  readonly last: boolean;
  /** Xash3D's answer to a request with a `\key\`. */
  readonly key?: number;
}

/** Stands for the first page in a request, and for the end of the list in an answer. */
export const LIST_START: ServerAddress = { host: '0.0.0.0', port: 0 };

const requestType = 0x31;
const header = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x66, 0x0a);
const KEY_MARK = 0x7f;
const KEY_END = 0x08;
const textDecoder = new TextDecoder();

/** Asks a master for the page behind an address. */
export const encodeListRequest = ({ region, after, filter }: ListRequest): Uint8Array =>
  new ByteWriter(64)
    .u8(requestType)
    .u8(region)
    .cString(formatAddress(after))
    .cString(filter)
    .toBytes();

/**
 * Reads a request. `after` is an IP literal; its port is the leading digits, 0 included.
 *
 * COMPAT: quakestat without a filter writes a stray byte behind the port and no filter; old Xash3D engines
 * leave out the last zero. Both zeros may be missing.
 */
export function decodeListRequest(bytes: Uint8Array): ListRequest {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== requestType) throw new DecodeError('unexpected', 0, 'is not a list request');
  const region = reader.u8();
  const after = readCursor(textUpToZero(reader));
  if (after === undefined) throw new DecodeError('invalid', 2, 'is not an address');
  return { region, after, filter: textUpToZero(reader) };
}

/** The longest beginning of the text that is an address with a port. */
function readCursor(text: string): ServerAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([\d.]+)):(\d{1,5})/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const digits = match?.[3];
  if (host === undefined || digits === undefined) return undefined;
  if (isIP(host) !== (match?.[1] === undefined ? 4 : 6)) return undefined;
  const port = Number(digits);
  return { host, port: port > 65535 ? Number(digits.slice(0, -1)) : port };
}

function textUpToZero(reader: ByteReader): string {
  const zero = reader.bytes.indexOf(0, reader.offset);
  const text = textDecoder.decode(
    reader.view((zero === -1 ? reader.bytes.length : zero) - reader.offset),
  );
  if (zero !== -1) reader.skip(1);
  return text;
}

/** `ipv6` entries have 18 bytes, as Xash3D's do; a page holds one family. */
export function encodeListPage(page: ListPage, ipv6 = false): Uint8Array {
  const writer = beginListPage(1400, page.key);
  for (const { host, port } of page.servers) {
    writer.bytes(ipv6 ? ipv6Bytes(host) : ipv4Bytes(host)).u16be(port);
  }
  if (page.last) endListPage(writer, ipv6);
  return writer.toBytes();
}

/** An address as signed 32-bit words in network order; `d` is the whole of an IPv4 address. */
export interface AddressWords {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly port: number;
}

/** Begins a page that is written entry by entry, without text; `capacity` in bytes. */
export function beginListPage(capacity: number, key?: number): ByteWriter {
  const writer = new ByteWriter(capacity).bytes(header);
  return key === undefined ? writer : writer.u8(KEY_MARK).u32le(key).u8(KEY_END);
}

export function writeListEntry(
  writer: ByteWriter,
  { a, b, c, d, port }: AddressWords,
  ipv6: boolean,
): void {
  if (ipv6)
    writer
      .u32be(a >>> 0)
      .u32be(b >>> 0)
      .u32be(c >>> 0);
  writer.u32be(d >>> 0).u16be(port);
}

/** The end mark: no further page. */
export const endListPage = (writer: ByteWriter, ipv6: boolean): ByteWriter =>
  writer.bytes(new Uint8Array(ipv6 ? 18 : 6));

/** Entries that fit into a page of so many bytes, the end mark included. */
export const listPageCapacity = (bytes: number, ipv6: boolean, keyed: boolean): number =>
  Math.floor((bytes - header.length - (keyed ? 6 : 0)) / (ipv6 ? 18 : 6));

/** What a page can only be read with: it does not say it itself. */
export interface ListPageForm {
  /** Entries of 18 bytes. */
  readonly ipv6?: boolean;
  /** The request had a `\key\`, so a first byte 7F begins its echo and not an entry in 127.0.0.0/8. */
  readonly keyed?: boolean;
}

/** Reads one page; what stands behind the end mark is tolerated, half an entry is not. */
export function decodeListPage(bytes: Uint8Array, form: ListPageForm = {}): ListPage {
  const { ipv6 = false, keyed = false } = form;
  const reader = new ByteReader(bytes);
  reader.expect(header, 'a page of a server list');
  let key: number | undefined;
  if (keyed && bytes[6] === KEY_MARK) {
    reader.skip(1);
    key = reader.u32le();
    reader.skip(1);
  }
  const servers: ServerAddress[] = [];
  let last = false;
  while (!last && reader.remaining > 0) {
    const host = ipv6 ? readIPv6(reader) : readIPv4(reader);
    const port = reader.u16be();
    if (port === 0 && (host === '0.0.0.0' || host === '::')) last = true;
    else servers.push({ host, port });
  }
  return { servers, last, ...(key !== undefined && { key }) };
}

const readIPv4 = (reader: ByteReader): string => reader.view(4).join('.');

function readIPv6(reader: ByteReader): string {
  const groups = Array.from({ length: 8 }, () => reader.u16be().toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

const ipv4Bytes = (host: string): Uint8Array => Uint8Array.from(host.split('.'), Number);

function ipv6Bytes(host: string): Uint8Array {
  const [head = '', tail] = host.split('::');
  const groupsOf = (text: string) => (text === '' ? [] : text.split(':').flatMap(toGroups));
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const groups = [...before, ...new Array(8 - before.length - after.length).fill(0), ...after];
  const writer = new ByteWriter(16);
  for (const group of groups) writer.u16be(group);
  return writer.toBytes();
}

/** One group of hex digits, or the dotted quad that may end an address, as numbers of 16 bits. */
const toGroups = (text: string): number[] => {
  if (!text.includes('.')) return [Number.parseInt(text, 16)];
  const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(text);
  return [(a << 8) | b, (c << 8) | d];
};
