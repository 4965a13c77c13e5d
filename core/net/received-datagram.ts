import type { Datagram } from './datagram.js';
import type { DatagramBatch, DatagramDriver } from './datagram-driver.js';
import type { ListBudget } from './list-budget.js';
import { PeerAddress } from './peer-address.js';

/** Answers to senders that have proven nothing, counted. */
export interface UnprovenCounters {
  /** Answers within max(9, question) bytes. */
  answers: number;
  answerBytes: number;
  /** Bytes of questions that unproven senders asked. */
  questionBytes: number;
  /** Answers that a plugin wanted to send and that would have broken the rule; they did not leave. */
  violations: number;
  /** List pages paid from a budget. */
  pages: number;
  pageBytes: number;
}

const ALLOWANCE = 9;

/** The reused view that handlers get; see {@link Datagram}. */
export class ReceivedDatagram implements Datagram {
  bytes: Uint8Array = new Uint8Array();
  readonly from = new PeerAddress();
  proven = false;
  #batch!: DatagramBatch;
  #driver!: DatagramDriver;
  #index = 0;
  #answered = 0;

  constructor(private readonly counters: UnprovenCounters) {}

  get length(): number {
    return this.bytes.length;
  }

  /** Points the view at one datagram of a batch. */
  begin(driver: DatagramDriver, batch: DatagramBatch, index: number): void {
    this.#driver = driver;
    this.#batch = batch;
    this.#index = index;
    this.#answered = 0;
    this.proven = false;
    this.bytes = batch.bytes(index);
    batch.source(index, this.from);
  }

  /** Spoils what the handler may have kept, so that a kept view fails loudly. */
  poison(): void {
    this.bytes.fill(0xdd);
    this.from.set(0xdddd, 0xdddd, 0xdddd, 0xdddd, 0xdddd);
  }

  reply(bytes: Uint8Array): void {
    if (!this.proven && !this.#allowed(bytes.length)) return;
    this.#batch.reply(this.#index, bytes);
  }

  replyFrom(budget: ListBudget, bytes: Uint8Array): boolean {
    if (!this.proven) {
      if (!budget.take(this.from, bytes.length)) return false;
      this.counters.pages++;
      this.counters.pageBytes += bytes.length;
    }
    this.#batch.reply(this.#index, bytes);
    return true;
  }

  copy(): Datagram {
    const left = Math.max(ALLOWANCE, this.length) - this.#answered;
    return new KeptDatagram(
      this.#driver,
      // Not slice(): drivers give Buffers, whose slice shares the memory.
      new Uint8Array(this.bytes),
      this.from.copy(),
      this.proven,
      this.counters,
      left,
    );
  }

  #allowed(count: number): boolean {
    this.#answered += count;
    return mayAnswer(this.counters, count, this.#answered, Math.max(ALLOWANCE, this.length));
  }
}

class KeptDatagram implements Datagram {
  #answered = 0;
  constructor(
    private readonly driver: DatagramDriver,
    readonly bytes: Uint8Array,
    readonly from: PeerAddress,
    readonly proven: boolean,
    private readonly counters: UnprovenCounters,
    private readonly allowance: number,
  ) {}

  get length(): number {
    return this.bytes.length;
  }
  reply(bytes: Uint8Array): void {
    if (!this.proven) {
      this.#answered += bytes.length;
      if (!mayAnswer(this.counters, bytes.length, this.#answered, this.allowance)) return;
    }
    this.driver.send(bytes, this.from);
  }
  replyFrom(budget: ListBudget, bytes: Uint8Array): boolean {
    if (!this.proven) {
      if (!budget.take(this.from, bytes.length)) return false;
      this.counters.pages++;
      this.counters.pageBytes += bytes.length;
    }
    this.driver.send(bytes, this.from);
    return true;
  }
  copy(): Datagram {
    return this;
  }
}

const mayAnswer = (
  counters: UnprovenCounters,
  count: number,
  total: number,
  allowance: number,
): boolean => {
  if (total > allowance) {
    counters.violations++;
    return false;
  }
  counters.answers++;
  counters.answerBytes += count;
  return true;
};
