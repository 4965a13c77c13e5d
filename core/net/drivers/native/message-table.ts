import type { Libc } from './libc.js';
import { ADDRESS_SIZE, SocketAddressTable } from './socket-address.js';

/** `struct mmsghdr` on 64-bit Linux, its fields and those of `struct iovec` in bytes. */
const HEADER = 64;
const NAME_LENGTH = 8;
const IOV = 16;
const IOV_LENGTH = 24;
const CONTROL = 32;
const CONTROL_LENGTH = 40;
const RECEIVED = 56;
const IOVEC = 16;

/** Room for one control message that holds an int: what UDP_SEGMENT and UDP_GRO need. */
export const CONTROL_SIZE = 24;

/**
 * Message headers, iovecs, addresses and control buffers for a batch, in buffers whose pointers are computed
 * once. Header i begins at descriptor i; `point` lets a header cover several descriptors.
 */
export class MessageTable {
  readonly headers: Buffer;
  readonly addresses: SocketAddressTable;
  readonly controls: Buffer;
  readonly #words: Int32Array;
  readonly #iovecs: Int32Array;
  // Addresses in two halves: 64-bit arithmetic for each packet would make garbage.
  readonly #arenaLow: number;
  readonly #arenaHigh: number;
  readonly #pointers: {
    readonly name: Int32Array;
    readonly iovec: Int32Array;
    readonly control: Int32Array;
  };
  // The system writes into these as long as the table lives.
  private readonly iovecBytes: Buffer;

  constructor(
    libc: Libc,
    readonly size: number,
    /** Holds all payloads; never moved. */
    readonly arena: Buffer,
    /** Distance of two slots in bytes. */
    stride: number,
    slot: number,
    isIPv6: boolean,
  ) {
    this.headers = Buffer.alloc(size * HEADER);
    this.iovecBytes = Buffer.alloc(size * IOVEC);
    this.controls = Buffer.alloc(size * CONTROL_SIZE);
    this.addresses = new SocketAddressTable(Buffer.alloc(size * ADDRESS_SIZE), isIPv6);
    this.#words = wordsOf(this.headers);
    this.#iovecs = wordsOf(this.iovecBytes);
    const pointers = (base: bigint, step: number): Int32Array => {
      const words = new Int32Array(size * 2);
      const view = new DataView(words.buffer);
      for (let i = 0; i < size; i++) view.setBigUint64(i * 8, base + BigInt(i * step), true);
      return words;
    };
    this.#pointers = {
      name: pointers(libc.addressOf(this.addresses.bytes), ADDRESS_SIZE),
      iovec: pointers(libc.addressOf(this.iovecBytes), IOVEC),
      control: pointers(libc.addressOf(this.controls), CONTROL_SIZE),
    };
    const address = libc.addressOf(arena);
    this.#arenaLow = Number(address & 0xffffffffn);
    this.#arenaHigh = Number(address >> 32n);
    for (let i = 0; i < size; i++) {
      this.setStart(i, i * stride);
      this.setLength(i, slot);
      this.point(i, i, 1, false);
    }
  }

  /** Bytes of descriptor i. */
  setLength(index: number, length: number): void {
    this.#iovecs[index * 4 + 2] = length;
  }

  length(index: number): number {
    return this.#iovecs[index * 4 + 2] as number;
  }

  /** Moves the start of descriptor i to so many bytes behind the start of the arena. */
  setStart(index: number, offset: number): void {
    const low = this.#arenaLow + offset;
    this.#iovecs[index * 4] = low | 0;
    this.#iovecs[index * 4 + 1] = this.#arenaHigh + (low >= 2 ** 32 ? 1 : 0);
  }

  /** Lets a header cover `count` descriptors from `first` on, with the control buffer of the first or without. */
  point(header: number, first: number, count: number, control: boolean): void {
    const at = (header * HEADER) >> 2;
    const words = this.#words;
    const { name, iovec, control: controls } = this.#pointers;
    words[at] = name[first * 2] as number;
    words[at + 1] = name[first * 2 + 1] as number;
    words[at + NAME_LENGTH / 4] = this.addresses.length;
    words[at + IOV / 4] = iovec[first * 2] as number;
    words[at + IOV / 4 + 1] = iovec[first * 2 + 1] as number;
    words[at + IOV_LENGTH / 4] = count;
    words[at + CONTROL / 4] = control ? (controls[first * 2] as number) : 0;
    words[at + CONTROL / 4 + 1] = control ? (controls[first * 2 + 1] as number) : 0;
    words[at + CONTROL_LENGTH / 4] = control ? CONTROL_SIZE : 0;
  }

  /** Undoes what receiving wrote into a header. */
  reset(header: number, control: boolean): void {
    const at = (header * HEADER) >> 2;
    this.#words[at + NAME_LENGTH / 4] = this.addresses.length;
    if (control) this.#words[at + CONTROL_LENGTH / 4] = CONTROL_SIZE;
  }

  /** Bytes that one header received. */
  received(header: number): number {
    return this.#words[(header * HEADER + RECEIVED) >> 2] as number;
  }

  /** Bytes of control messages that one header received. */
  controlLength(header: number): number {
    return this.#words[(header * HEADER + CONTROL_LENGTH) >> 2] as number;
  }

  /** The headers from one on, for the system. */
  from(header: number): Buffer {
    return header === 0 ? this.headers : this.headers.subarray(header * HEADER);
  }
}

const wordsOf = (bytes: Buffer): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
