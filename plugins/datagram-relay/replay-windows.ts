const BITS = 1024;
const WORDS = BITS / 32;

/** Windows of the last 1024 packet numbers, one per row, in typed arrays. */
export class ReplayWindows {
  readonly #newest: Float64Array;
  readonly #bits: Int32Array;

  constructor(rows: number) {
    this.#newest = new Float64Array(rows);
    this.#bits = new Int32Array(rows * WORDS);
  }

  newest(row: number): number {
    return this.#newest[row] as number;
  }

  reset(row: number): void {
    this.#newest[row] = 0;
    this.#bits.fill(0, row * WORDS, (row + 1) * WORDS);
  }

  /** Whether this number was not seen and is not too old. Numbers begin with 1. */
  isFresh(row: number, number: number): boolean {
    const newest = this.#newest[row] as number;
    if (number > newest) return true;
    if (number <= 0 || number <= newest - BITS) return false;
    const bit = number % BITS;
    return ((this.#bits[row * WORDS + (bit >> 5)] as number) & (1 << (bit & 31))) === 0;
  }

  /** Notes a number that was fresh; true when it is the newest. */
  note(row: number, number: number): boolean {
    const newest = this.#newest[row] as number;
    const base = row * WORDS;
    const isNewest = number > newest;
    if (isNewest) {
      if (number - newest >= BITS) {
        this.#bits.fill(0, base, base + WORDS);
      } else {
        for (let passed = newest + 1; passed < number; passed++) {
          const bit = passed % BITS;
          this.#bits[base + (bit >> 5)] =
            (this.#bits[base + (bit >> 5)] as number) & ~(1 << (bit & 31));
        }
      }
      this.#newest[row] = number;
    }
    const bit = number % BITS;
    this.#bits[base + (bit >> 5)] = (this.#bits[base + (bit >> 5)] as number) | (1 << (bit & 31));
    return isNewest;
  }
}
