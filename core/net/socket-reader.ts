import { ReadMemory } from './read-memory.js';
import type { StaticReading } from './socket-handle.js';

/** A read of so many bytes makes a connection busy, a smaller one than the second ends that. */
const BUSY_READ = 16 * 1024;
const QUIET_READ = 4 * 1024;
/** Connections that have memory of their own to lend; the others copy what comes. */
const MOST_LENDERS = 256;

/** All connections that have no memory of their own read into this one, and get a copy of what came. */
const sharedBuffer = Buffer.allocUnsafeSlow(ReadMemory.size);
let lenders = 0;
let handled: ReadMemory | undefined;

/** The memory of the chunk that a listener is handling now, when it is only lent. */
export const memoryInUse = (): ReadMemory | undefined => handled;

/** Where a relay sends what is read. */
export interface RelayTarget {
  /**
   * `taken`: the memory is free. `lent`: the memory is needed until the write is done, and reading rests. `full`:
   * the memory is free, but reading rests.
   */
  forward(bytes: Uint8Array, memory: ReadMemory | undefined): 'taken' | 'lent' | 'full';
}

/** Chooses the memory that one socket reads into, and hands on what came. */
export class SocketReader implements StaticReading {
  #target: RelayTarget | undefined;
  #isLending = false;
  #isOver = false;
  /** Memory of its own, while it relays or is busy. */
  #memory: ReadMemory | undefined;
  #next: Uint8Array | undefined = sharedBuffer;
  #view: Uint8Array | undefined;

  constructor(private readonly onChunk: (chunk: Buffer) => void) {}

  /** From now on chunks may lie in memory that is read into again when their listener returns. */
  lend(): void {
    this.#isLending = true;
  }

  /** From now on everything goes there as it came. */
  relayTo(target: RelayTarget): void {
    this.#letGo();
    this.#target = target;
    this.#own();
  }

  /** The socket has closed. */
  end(): void {
    this.#isOver = true;
    this.#letGo();
  }

  buffer(): Uint8Array | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  received(length: number, buffer: Uint8Array): boolean {
    // The first bytes of a relay, and of a busy connection, still lie in the memory that all share.
    const memory = buffer === sharedBuffer ? undefined : this.#memory;
    if (this.#target !== undefined) return this.#relay(this.#target, length, buffer, memory);
    if (memory === undefined) {
      this.onChunk(Buffer.from(buffer.subarray(0, length)));
      if (this.#isLending && length >= BUSY_READ) this.#becomeLender();
    } else this.#lendOut(memory, length);
    return true;
  }

  #lendOut(memory: ReadMemory, length: number): void {
    handled = memory;
    try {
      this.onChunk(memory.bytes.subarray(0, length));
    } finally {
      handled = undefined;
    }
    if (this.#memory !== memory) return;
    if (length < QUIET_READ) this.#letGo();
    else if (memory.isLent) {
      memory.letGo();
      this.#own();
    }
  }

  #becomeLender(): void {
    if (lenders >= MOST_LENDERS || this.#isOver || this.#target !== undefined) return;
    lenders++;
    this.#own();
  }

  #own(): void {
    this.#memory = new ReadMemory();
    this.#next = this.#memory.bytes;
  }

  /** Back to the memory that all share. */
  #letGo(): void {
    if (this.#memory === undefined) return;
    if (this.#target === undefined) lenders--;
    this.#memory.letGo();
    this.#memory = undefined;
    this.#next = sharedBuffer;
  }

  #relay(
    target: RelayTarget,
    length: number,
    buffer: Uint8Array,
    memory: ReadMemory | undefined,
  ): boolean {
    const result = target.forward(this.#viewOf(buffer, length), memory);
    if (result === 'lent' && memory !== undefined && !this.#isOver) {
      memory.letGo();
      this.#own();
    }
    return result === 'taken';
  }

  /** The same view again while messages of one size come into the same memory. */
  #viewOf(buffer: Uint8Array, length: number): Uint8Array {
    let view = this.#view;
    if (view === undefined || view.length !== length || view.buffer !== buffer.buffer) {
      view = buffer.subarray(0, length);
      this.#view = view;
    }
    return view;
  }
}
