import type { Clock } from '../clock.js';

interface Timer {
  at: number;
  readonly order: number;
  readonly period: number | undefined;
  readonly task: () => void;
}

/** A clock that stands still until a test moves it; due timers run in order of their time. */
export class FakeClock implements Clock {
  #elapsed = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(private start: number = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.start + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, task: () => void): () => void {
    return this.#add(ms, undefined, task);
  }

  every(ms: number, task: () => void): () => void {
    return this.#add(ms, ms, task);
  }

  /** Timers that have not run or been cancelled; a test of clean-up expects 0. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time forward; between two timers promises get their turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      const next = this.#next(end);
      if (next === undefined) break;
      this.#elapsed = Math.max(this.#elapsed, next.at);
      if (next.period === undefined) this.#timers.delete(next);
      else next.at += Math.max(1, next.period);
      next.task();
      await settle();
    }
    this.#elapsed = end;
    await settle();
  }

  /** The operator sets the wall clock; `monotonic` and timers do not notice. */
  jump(ms: number): void {
    this.start += ms;
  }

  #add(ms: number, period: number | undefined, task: () => void): () => void {
    const timer: Timer = { at: this.#elapsed + ms, order: this.#order++, period, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      if (
        next === undefined ||
        timer.at < next.at ||
        (timer.at === next.at && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}

/** Lets pending promises and immediates run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
