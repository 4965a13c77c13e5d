const SIZE = 64 * 1024;
/** Pieces that wait to be used again. */
const MOST_FREE = 64;

const free: Buffer[] = [];

/**
 * One piece of memory that a socket reads into and that writes of other sockets may still need. It is used again
 * when its reader has let go of it and the last write is done: fresh memory of this size costs ten times as much as
 * what is done with the bytes in it.
 */
export class ReadMemory {
  readonly bytes: Buffer = free.pop() ?? Buffer.allocUnsafeSlow(SIZE);
  #writes = 0;
  #isRead = true;

  static readonly size = SIZE;

  /** A write is under way that needs the bytes as they are. */
  get isLent(): boolean {
    return this.#writes > 0;
  }

  lend(): void {
    this.#writes++;
  }

  /** A write that needed it is done. */
  giveBack(): void {
    this.#writes--;
    this.#free();
  }

  /** Nothing is read into it any more. */
  letGo(): void {
    if (!this.#isRead) return;
    this.#isRead = false;
    this.#free();
  }

  #free(): void {
    if (this.#writes === 0 && !this.#isRead && free.length < MOST_FREE) free.push(this.bytes);
  }
}
