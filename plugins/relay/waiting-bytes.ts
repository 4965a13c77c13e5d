/** Smaller pieces are copied into blocks when they have to wait, so that they do not keep whole chunks alive. */
const COPY_BELOW = 32 * 1024;
const BLOCK = 64 * 1024;

interface Block {
  readonly bytes: Buffer;
  length: number;
  /** Ours to append to; false for a view of a large frame. */
  readonly own: boolean;
  /** Frames counted when this block leaves. */
  frames: number;
}

/** Bytes that wait for a peer to read, in order, in as few blocks as that takes. */
export class WaitingBytes {
  #blocks: Block[] = [];
  bytes = 0;
  frames = 0;

  /** Adds `bytes[start, end)`, which are copied when they are only lent. */
  add(bytes: Buffer, start: number, end: number, isLent: boolean): void {
    this.bytes += end - start;
    if (end - start < COPY_BELOW) {
      this.#append(bytes, start, end);
      return;
    }
    for (let at = start; at < end; at += BLOCK) {
      const view = bytes.subarray(at, Math.min(end, at + BLOCK));
      const kept = isLent ? Buffer.from(view) : view;
      this.#blocks.push({ bytes: kept, length: kept.length, own: false, frames: 0 });
    }
  }

  /** Counts frames whose last bytes were added; they leave with them. */
  endFrames(count: number): void {
    this.frames += count;
    const last = this.#blocks.at(-1);
    if (last !== undefined) last.frames += count;
  }

  /** Takes out the oldest blocks until they hold at least so many bytes. */
  take(size: number): Buffer[] {
    const taken: Buffer[] = [];
    let count = 0;
    while (count < size && taken.length < this.#blocks.length) {
      const block = this.#blocks[taken.length] as Block;
      taken.push(
        block.length === block.bytes.length ? block.bytes : block.bytes.subarray(0, block.length),
      );
      count += block.length;
      this.frames -= block.frames;
    }
    this.bytes -= count;
    this.#blocks.splice(0, taken.length);
    return taken;
  }

  clear(): void {
    this.#blocks = [];
    this.bytes = 0;
    this.frames = 0;
  }

  #append(bytes: Buffer, start: number, end: number): void {
    let last = this.#blocks.at(-1);
    if (last === undefined || !last.own || last.bytes.length - last.length < end - start) {
      // Small at first: most queues never hold more than a few frames.
      const size = last?.own === true ? BLOCK : Math.max(1024, end - start);
      last = { bytes: Buffer.allocUnsafeSlow(size), length: 0, own: true, frames: 0 };
      this.#blocks.push(last);
    }
    last.length += bytes.copy(last.bytes, last.length, start, end);
  }
}
