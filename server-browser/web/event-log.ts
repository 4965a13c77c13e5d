import type { DirectoryChanges } from './directory.js';
import { EventBatch } from './event-batch.js';

/** Batches that can be repeated to a reader who comes back. */
const mostBatches = 300;
/** Servers in them together: sixteen megabytes when all are told as a whole. */
const mostLines = 24_000;

/** The changes of the list as numbered events, and the last ones of them for readers who come back. */
export class EventLog {
  readonly #batches: EventBatch[] = [];
  #lines = 0;
  #last = 0;

  /** Numbers start anew with every start of the server; the epoch tells them apart. */
  constructor(private readonly epoch: string) {}

  get last(): number {
    return this.#last;
  }

  idOf(number: number): string {
    return `${this.epoch}-${number}`;
  }

  /** Undefined when nothing changed. */
  append(changes: DirectoryChanges): EventBatch | undefined {
    if (changes.upserts.length === 0 && changes.removes.length === 0) return undefined;
    const number = ++this.#last;
    const batch = new EventBatch(number, this.idOf(number), changes);
    this.#batches.push(batch);
    this.#lines += batch.lines;
    while (this.#batches.length > mostBatches || this.#lines > mostLines) {
      const oldest = this.#batches.shift();
      if (oldest === undefined) break;
      this.#lines -= oldest.lines;
    }
    return batch;
  }

  /** The number of an id of this log; undefined for others. */
  numberOf(id: string | undefined): number | undefined {
    const match = /^(.*)-(\d{1,15})$/.exec(id ?? '');
    return match !== null && match[1] === this.epoch ? Number(match[2]) : undefined;
  }

  /** Batches behind that number; undefined when some of them are gone. */
  after(number: number): readonly EventBatch[] | undefined {
    if (number === this.#last) return [];
    const first = this.#batches[0]?.number;
    if (first === undefined || number > this.#last || number < first - 1) return undefined;
    return this.#batches.slice(number - first + 1);
  }
}
