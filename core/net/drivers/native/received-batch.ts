import type { DatagramBatch } from '../../datagram-driver.js';
import type { PeerAddress } from '../../peer-address.js';
import { type Libc, MSG_DONTWAIT, SOL_UDP, UDP_GRO } from './libc.js';
import { CONTROL_SIZE, MessageTable } from './message-table.js';
import type { SendQueue } from './send-queue.js';

/** Datagrams taken by one system call. */
export const BATCH = 64;
/** Any UDP datagram fits, and so does any train that the kernel has joined. */
const SLOT = 65536;
/** Slots at a distance of whole pages would all fall into the same lines of the cache. */
const STRIDE = SLOT + 320;
const CACHED_LENGTH = 256;

/**
 * What one `recvmmsg` brought. With receive offload a slot may hold a train of datagrams of one size from one
 * sender, so descriptors name slot, offset and length.
 */
export class ReceivedBatch implements DatagramBatch {
  count = 0;
  readonly #table: MessageTable;
  readonly #arena = Buffer.allocUnsafeSlow(BATCH * STRIDE);
  #slots = new Uint16Array(BATCH);
  #offsets = new Uint32Array(BATCH);
  #lengths = new Uint32Array(BATCH);
  /** Views by slot and length, so that short packets make no garbage. */
  readonly #views: (Uint8Array | undefined)[] = new Array(BATCH * CACHED_LENGTH);
  readonly #lastViews: Uint8Array[] = new Array(BATCH).fill(new Uint8Array());

  constructor(
    private readonly libc: Libc,
    private readonly descriptor: number,
    isIPv6: boolean,
    private readonly trains: boolean,
    private readonly answers: SendQueue,
  ) {
    this.#table = new MessageTable(libc, BATCH, this.#arena, STRIDE, SLOT, isIPv6);
    if (trains) for (let i = 0; i < BATCH; i++) this.#table.point(i, i, 1, true);
  }

  /** Receives what is there, at most one batch; the number of system messages, 0 when there was nothing. */
  receive(): number {
    const messages = this.libc.recvmmsg(
      this.descriptor,
      this.#table.headers,
      BATCH,
      MSG_DONTWAIT,
      null,
    );
    this.count = 0;
    if (messages <= 0) return 0;
    for (let slot = 0; slot < messages; slot++) {
      const length = this.#table.received(slot);
      const size = this.trains ? this.#segmentSize(slot, length) : length;
      let offset = 0;
      do {
        this.#add(slot, offset, Math.min(size, length - offset));
        offset += size;
      } while (offset < length);
      this.#table.reset(slot, this.trains);
    }
    return messages;
  }

  bytes(index: number): Uint8Array {
    const slot = this.#slots[index] as number;
    const length = this.#lengths[index] as number;
    const offset = this.#offsets[index] as number;
    const start = slot * STRIDE + offset;
    if (offset === 0 && length < CACHED_LENGTH) {
      const at = slot * CACHED_LENGTH + length;
      this.#views[at] ??= this.#arena.subarray(start, start + length);
      return this.#views[at];
    }
    const last = this.#lastViews[slot] as Uint8Array;
    if (last.length === length && last.byteOffset === this.#arena.byteOffset + start) return last;
    const view = this.#arena.subarray(start, start + length);
    this.#lastViews[slot] = view;
    return view;
  }

  lengthOf(index: number): number {
    return this.#lengths[index] as number;
  }

  source(index: number, into: PeerAddress): void {
    this.#table.addresses.read(this.#slots[index] as number, into);
  }

  reply(index: number, bytes: Uint8Array): void {
    this.answers.answer(bytes, this.#table.addresses.words, this.#slots[index] as number);
  }

  #add(slot: number, offset: number, length: number): void {
    const index = this.count++;
    if (index === this.#slots.length) this.#grow();
    this.#slots[index] = slot;
    this.#offsets[index] = offset;
    this.#lengths[index] = length;
  }

  /** The size that the kernel noted beside a joined train; else the datagram is alone. */
  #segmentSize(slot: number, length: number): number {
    const { controls } = this.#table;
    const at = slot * CONTROL_SIZE;
    if (
      this.#table.controlLength(slot) < 20 ||
      controls.readInt32LE(at + 8) !== SOL_UDP ||
      controls.readInt32LE(at + 12) !== UDP_GRO
    ) {
      return Math.max(1, length);
    }
    const size = controls.readInt32LE(at + 16);
    return size > 0 ? size : Math.max(1, length);
  }

  #grow(): void {
    const larger = <T extends Uint16Array | Uint32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    const size = this.#slots.length * 2;
    this.#slots = larger(this.#slots, new Uint16Array(size));
    this.#offsets = larger(this.#offsets, new Uint32Array(size));
    this.#lengths = larger(this.#lengths, new Uint32Array(size));
  }
}
