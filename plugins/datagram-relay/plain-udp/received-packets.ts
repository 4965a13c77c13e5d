import type { AckBlock, Frame } from './snp-codec.js';

const MAX_GAPS = 64;
/** Farther ahead than this a number is not believed. */
const MAX_JUMP = 16_384;

interface Gap {
  from: number;
  to: number;
}

/** Which packets of the far side came, in the form in which they are acknowledged. */
export class ReceivedPackets {
  // The handshake counts as packet 1.
  #newest = 1;
  #newestAt = Number.NEGATIVE_INFINITY;
  /** Numbers that did not come, oldest first. */
  #gaps: Gap[] = [];

  get newest(): number {
    return this.#newest;
  }

  /** False: repeated, too old, or it would make more gaps than are kept. */
  isFresh(number: number): boolean {
    if (number > this.#newest) {
      return number - this.#newest < MAX_JUMP && (number === this.#newest + 1 || this.#hasRoom());
    }
    const gap = this.#gaps.find(({ from, to }) => number >= from && number <= to);
    return gap !== undefined && (number === gap.from || number === gap.to || this.#hasRoom());
  }

  /** Notes a packet that is fresh and genuine. */
  note(number: number, now: number): void {
    if (number > this.#newest) {
      if (number > this.#newest + 1) this.#gaps.push({ from: this.#newest + 1, to: number - 1 });
      this.#newest = number;
      this.#newestAt = now;
      return;
    }
    const at = this.#gaps.findIndex(({ from, to }) => number >= from && number <= to);
    const gap = this.#gaps[at];
    if (gap === undefined) return;
    const parts = [
      { from: gap.from, to: number - 1 },
      { from: number + 1, to: gap.to },
    ].filter(({ from, to }) => from <= to);
    this.#gaps.splice(at, 1, ...parts);
  }

  /** The far side has settled everything before this number. */
  stopWaiting(before: number): void {
    this.#gaps = this.#gaps
      .filter(({ to }) => to >= before)
      .map(({ from, to }) => ({ from: Math.max(from, before), to }));
  }

  acknowledgement(now: number): Frame {
    const blocks: AckBlock[] = [];
    let edge = this.#newest;
    for (const { from, to } of [...this.#gaps].reverse()) {
      blocks.push({ came: edge - to, missing: to - from + 1 });
      edge = from - 1;
    }
    const delay = Number.isFinite(this.#newestAt)
      ? Math.min(65_534, Math.round(((now - this.#newestAt) * 1000) / 32))
      : 65_535;
    return { type: 'ack', latest: this.#newest, delay, blocks };
  }

  #hasRoom(): boolean {
    return this.#gaps.length < MAX_GAPS;
  }
}
