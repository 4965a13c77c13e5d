import { randomBytes } from 'node:crypto';
import type { PeerAddress } from 'beaconry';
import { ReplayWindows } from './replay-windows.js';

export enum LegKind {
  free = 0,
  /** Towards the client: may move to another address. */
  client = 1,
  /** Towards another relay or the server: stays where it is. */
  fixed = 2,
}

/** What one leg may carry. */
export interface LegLimits {
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Seconds' worth that may come at once. */
  readonly burst: number;
}

/** Sides of sessions as rows of typed arrays; the low bits of a session id name the row. */
export class LegTable {
  readonly kind: Uint8Array;
  readonly ids: Int32Array;
  /** Session id that the neighbour wants to receive with. */
  readonly peerIds: Int32Array;
  /** Row that packets go out of; -1: none yet. */
  readonly others: Int32Array;
  readonly keysIn: Int32Array;
  readonly keysOut: Int32Array;
  readonly windows: ReplayWindows;
  readonly lastSeen: Float64Array;
  readonly controlIn: Float64Array;
  readonly controlOut: Float64Array;
  readonly dropped: Uint32Array;
  readonly #addresses: Int32Array;
  readonly #packets: Float64Array;
  readonly #bytes: Float64Array;
  readonly #filledAt: Float64Array;
  readonly #free: Int32Array;
  #freeCount: number;
  readonly #mask: number;

  /** `size` is a power of two. */
  constructor(
    readonly size: number,
    private readonly limits: LegLimits,
  ) {
    this.#mask = size - 1;
    this.kind = new Uint8Array(size);
    this.ids = new Int32Array(size);
    this.peerIds = new Int32Array(size);
    this.others = new Int32Array(size).fill(-1);
    this.keysIn = new Int32Array(size * 4);
    this.keysOut = new Int32Array(size * 4);
    this.windows = new ReplayWindows(size);
    this.lastSeen = new Float64Array(size);
    this.controlIn = new Float64Array(size);
    this.controlOut = new Float64Array(size);
    this.dropped = new Uint32Array(size);
    this.#addresses = new Int32Array(size * 5);
    this.#packets = new Float64Array(size);
    this.#bytes = new Float64Array(size);
    this.#filledAt = new Float64Array(size);
    this.#free = Int32Array.from({ length: size }, (_, row) => size - 1 - row);
    this.#freeCount = size;
  }

  get count(): number {
    return this.size - this.#freeCount;
  }

  /** The row of a session id; -1 for one that is nobody's. */
  find(id: number): number {
    const row = id & this.#mask;
    return id !== 0 && this.ids[row] === id ? row : -1;
  }

  /** A fresh row with an id of its own; -1 when all are taken. */
  add(kind: LegKind, peerId: number, address: PeerAddress, now: number): number {
    if (this.#freeCount === 0) return -1;
    const row = this.#free[--this.#freeCount] as number;
    let id = 0;
    while (id === 0) id = (randomBytes(4).readInt32LE() & ~this.#mask) | row;
    this.kind[row] = kind;
    this.ids[row] = id;
    this.peerIds[row] = peerId;
    this.others[row] = -1;
    this.windows.reset(row);
    this.lastSeen[row] = now;
    this.controlIn[row] = 0;
    this.controlOut[row] = 0;
    this.dropped[row] = 0;
    this.#packets[row] = this.limits.packetsPerSecond * this.limits.burst;
    this.#bytes[row] = this.limits.bytesPerSecond * this.limits.burst;
    this.#filledAt[row] = now;
    this.setAddress(row, address);
    return row;
  }

  remove(row: number): void {
    if (this.kind[row] === LegKind.free) return;
    const other = this.others[row] as number;
    if (other >= 0 && this.others[other] === row) this.others[other] = -1;
    this.kind[row] = LegKind.free;
    this.ids[row] = 0;
    this.others[row] = -1;
    this.keysIn.fill(0, row * 4, row * 4 + 4);
    this.keysOut.fill(0, row * 4, row * 4 + 4);
    this.#free[this.#freeCount++] = row;
  }

  setKeys(row: number, keysIn: Int32Array, keysOut: Int32Array): void {
    this.keysIn.set(keysIn.subarray(0, 4), row * 4);
    this.keysOut.set(keysOut.subarray(0, 4), row * 4);
  }

  setAddress(row: number, { a, b, c, d, port }: PeerAddress): void {
    const at = row * 5;
    this.#addresses[at] = a;
    this.#addresses[at + 1] = b;
    this.#addresses[at + 2] = c;
    this.#addresses[at + 3] = d;
    this.#addresses[at + 4] = port;
  }

  isAt(row: number, address: PeerAddress): boolean {
    const at = row * 5;
    const all = this.#addresses;
    return (
      all[at + 3] === address.d &&
      all[at + 4] === address.port &&
      all[at + 2] === address.c &&
      all[at + 1] === address.b &&
      all[at] === address.a
    );
  }

  address(row: number, into: PeerAddress): PeerAddress {
    const at = row * 5;
    const all = this.#addresses;
    return into.set(
      all[at] as number,
      all[at + 1] as number,
      all[at + 2] as number,
      all[at + 3] as number,
      all[at + 4] as number,
    );
  }

  /** Pays for a packet; false: drop it. */
  take(row: number, length: number, now: number): boolean {
    const { packetsPerSecond, bytesPerSecond, burst } = this.limits;
    const seconds = (now - (this.#filledAt[row] as number)) / 1000;
    this.#filledAt[row] = now;
    const packets = Math.min(
      packetsPerSecond * burst,
      (this.#packets[row] as number) + seconds * packetsPerSecond,
    );
    const bytes = Math.min(
      bytesPerSecond * burst,
      (this.#bytes[row] as number) + seconds * bytesPerSecond,
    );
    const enough = packets >= 1 && bytes >= length;
    this.#packets[row] = enough ? packets - 1 : packets;
    this.#bytes[row] = enough ? bytes - length : bytes;
    if (!enough) this.dropped[row] = (this.dropped[row] as number) + 1;
    return enough;
  }
}
