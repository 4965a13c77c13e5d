import type { DriverStats } from '../../datagram-driver.js';
import type { PeerAddress } from '../../peer-address.js';
import { MAX_PAYLOAD } from '../../socket-buffer.js';
import { EAGAIN, type Libc, MSG_DONTWAIT, SOL_UDP, UDP_SEGMENT } from './libc.js';
import { CONTROL_SIZE, MessageTable } from './message-table.js';
import { ADDRESS_WORDS } from './socket-address.js';

const SIZE = 256;
const ARENA = 1024 * 1024;
/** Older kernels take no more segments in one call. */
const MAX_SEGMENTS = 64;
/** Longer ones might not fit the path, and then a train would be lost whole. */
const MAX_SEGMENT = 1452;

/**
 * Datagrams on their way out: copied into one arena and sent by one system call. Neighbours of equal size to
 * one peer leave as one train where the kernel can cut it (UDP_SEGMENT).
 */
export class SendQueue {
  readonly #table: MessageTable;
  readonly #arena = Buffer.allocUnsafeSlow(ARENA);
  readonly #words: Int32Array;
  /** Descriptors behind each header, for counting. */
  readonly #trains = new Uint16Array(SIZE);
  /** The first of them. */
  readonly #firsts = new Uint16Array(SIZE);
  readonly #trainBytes = new Uint32Array(SIZE);
  /** Header i points at descriptor i alone, as most do most of the time. */
  readonly #isPlain = new Uint8Array(SIZE).fill(1);
  readonly #addressWords: number;
  #count = 0;
  #used = 0;

  constructor(
    private readonly libc: Libc,
    private readonly descriptor: number,
    isIPv6: boolean,
    private readonly segments: boolean,
    private readonly stats: DriverStats,
  ) {
    this.#table = new MessageTable(libc, SIZE, this.#arena, 0, 0, isIPv6);
    this.#words = this.#table.addresses.words;
    this.#addressWords = this.#table.addresses.length / 4;
    const { controls } = this.#table;
    for (let i = 0; i < SIZE; i++) {
      // cmsghdr: length 18, level, type, then the size of a segment.
      controls.writeBigUInt64LE(18n, i * CONTROL_SIZE);
      controls.writeInt32LE(SOL_UDP, i * CONTROL_SIZE + 8);
      controls.writeInt32LE(UDP_SEGMENT, i * CONTROL_SIZE + 12);
    }
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Queues an answer to the sender of a received datagram. */
  answer(bytes: Uint8Array, addresses: Int32Array, index: number): void {
    const slot = this.#take(bytes);
    if (slot === -1) return;
    // Word by word: for so few of them a call into the runtime costs more.
    const words = this.#words;
    const to = slot * ADDRESS_WORDS;
    const from = index * ADDRESS_WORDS;
    for (let i = 0; i < this.#addressWords; i++) words[to + i] = addresses[from + i] as number;
  }

  /** Queues a datagram to any address of the socket's family. */
  push(bytes: Uint8Array, to: PeerAddress): void {
    if (to.port === 0) {
      this.stats.sendFailures++;
      return;
    }
    const slot = this.#take(bytes);
    if (slot === -1 || this.#table.addresses.write(slot, to)) return;
    this.#count--;
    this.stats.sendFailures++;
  }

  /** Sends all that is queued; what the system does not take is dropped and counted. */
  flush(): void {
    let headers = this.#buildHeaders(0, this.segments);
    for (let from = 0; from < headers; ) {
      const taken = this.libc.sendmmsg(
        this.descriptor,
        this.#table.from(from),
        headers - from,
        MSG_DONTWAIT,
      );
      if (taken > 0) {
        this.#countSent(from, from + taken);
        from += taken;
        continue;
      }
      if (this.libc.errno() === EAGAIN) {
        // The send buffer is full; a datagram service must not queue.
        this.#countFailed(from, headers);
        break;
      }
      if ((this.#trains[from] as number) > 1) {
        // The kernel cuts no train of segments that are too long for the path; one by one they may pass.
        headers = this.#buildHeaders(this.#firsts[from] as number, false);
        from = 0;
        continue;
      }
      // One bad message must not lose the rest.
      this.#countFailed(from, from + 1);
      from++;
    }
    this.#count = 0;
    this.#used = 0;
  }

  #take(bytes: Uint8Array): number {
    const { length } = bytes;
    if (length > MAX_PAYLOAD) {
      this.stats.sendFailures++;
      return -1;
    }
    if (this.#count === SIZE || this.#used + length > ARENA) this.flush();
    const slot = this.#count++;
    this.#arena.set(bytes, this.#used);
    this.#table.setStart(slot, this.#used);
    this.#table.setLength(slot, length);
    this.#used += length;
    return slot;
  }

  /** Headers for the descriptors from one on; how many. */
  #buildHeaders(start: number, segments: boolean): number {
    let headers = 0;
    for (let first = start; first < this.#count; headers++) {
      const count = segments ? this.#trainLength(first) : 1;
      let bytes = this.#table.length(first);
      if (count > 1) {
        this.#table.controls.writeUInt16LE(bytes, first * CONTROL_SIZE + 16);
        for (let i = first + 1; i < first + count; i++) bytes += this.#table.length(i);
      }
      if (count === 1 && first === headers) {
        if (this.#isPlain[headers] === 0) this.#table.point(headers, first, 1, false);
        this.#isPlain[headers] = 1;
      } else {
        this.#table.point(headers, first, count, count > 1);
        this.#isPlain[headers] = 0;
      }
      this.#firsts[headers] = first;
      this.#trains[headers] = count;
      this.#trainBytes[headers] = bytes;
      first += count;
    }
    return headers;
  }

  /** Neighbours of one size to one peer; the last one may be shorter. */
  #trainLength(first: number): number {
    const size = this.#table.length(first);
    if (size === 0 || size > MAX_SEGMENT) return 1;
    let count = 1;
    let total = size;
    while (first + count < this.#count && count < MAX_SEGMENTS) {
      const length = this.#table.length(first + count);
      if (length === 0 || length > size || total + length > MAX_PAYLOAD) break;
      if (!this.#samePeer(first, first + count)) break;
      total += length;
      count++;
      if (length < size) break;
    }
    return count;
  }

  #samePeer(one: number, other: number): boolean {
    const words = this.#words;
    const a = one * ADDRESS_WORDS;
    const b = other * ADDRESS_WORDS;
    for (let i = 0; i < this.#addressWords; i++) if (words[a + i] !== words[b + i]) return false;
    return true;
  }

  #countSent(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.stats.sent += this.#trains[i] as number;
      this.stats.sentBytes += this.#trainBytes[i] as number;
    }
  }

  #countFailed(from: number, to: number): void {
    for (let i = from; i < to; i++) this.stats.sendFailures += this.#trains[i] as number;
  }
}
