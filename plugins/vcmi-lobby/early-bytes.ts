/** What a kept chunk costs beside its bytes. */
const CHUNK_COST = 64;

/** Bytes that wait for partners who have not come yet: bounded for each of them and for all together. */
export class EarlyBytes {
  #held = 0;

  constructor(
    /** Beyond this many bytes of one sender, it has to wait. */
    readonly limit: number,
    /** Beyond this many bytes of all senders, whoever brings more is cut off. */
    private readonly total: number,
  ) {}

  get held(): number {
    return this.#held;
  }

  /** Counts a chunk that is kept; false when there is no room for it, which does not count it. */
  take(chunk: Uint8Array): boolean {
    const cost = chunk.length + CHUNK_COST;
    if (this.#held + cost > this.total) return false;
    this.#held += cost;
    return true;
  }

  /** Gives back what `chunks` chunks with so many bytes took. */
  release(chunks: number, bytes: number): void {
    this.#held -= bytes + chunks * CHUNK_COST;
  }
}
