import type { Clock } from 'beaconry';
import { type EventBatch, type EventBytes, eventBytes, GZIP_BEGIN } from './event-batch.js';
import type { ListFeed } from './list-feed.js';

/** What an event stream is written to: a response of node. */
export interface EventSink {
  readonly destroyed: boolean;
  /** False when it takes nothing more for now. */
  write(bytes: Uint8Array): boolean;
  end(): unknown;
  destroy(): unknown;
  on(event: 'close' | 'drain', listener: () => void): unknown;
}

interface Reader {
  readonly sink: EventSink;
  readonly gzip: boolean;
  readonly form: 'full' | 'brief';
  /** Number of the last event it was given. */
  last: number;
  /** Since when it takes nothing, in monotonic milliseconds. */
  blockedSince: number | undefined;
}

/** Readers at the same time. */
const mostReaders = 5000;
/** Milliseconds after which a reader who takes nothing is dropped. */
const patience = 15_000;
const PING: EventBytes = eventBytes(': ping\n\n');

/**
 * Open event streams. All readers get the same bytes. One who does not take them gets nothing more until he
 * does, then what he missed; he holds at most what was written before, and after some seconds he is dropped.
 */
export class EventReaders {
  readonly #readers = new Set<Reader>();
  dropped = 0;

  constructor(
    private readonly feed: ListFeed,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {
    feed.onBatch((batch) => this.#tell(batch));
  }

  get size(): number {
    return this.#readers.size;
  }
  get isFull(): boolean {
    return this.#readers.size >= mostReaders;
  }

  /** Begins a stream: from `after` on when that is known, else with the whole list. */
  async open(
    sink: EventSink,
    gzip: boolean,
    after: string | undefined,
    form: Reader['form'] = 'full',
  ): Promise<void> {
    let number = this.feed.log.numberOf(after);
    if (gzip) sink.write(GZIP_BEGIN);
    const reader: Reader = { sink, gzip, form, last: 0, blockedSince: undefined };
    if (number === undefined || this.feed.log.after(number) === undefined) {
      const snapshot = await this.feed.snapshotEvent();
      number = snapshot.number;
      this.#write(reader, snapshot);
    } else {
      // Tells the reader that the stream is open although nothing may have changed.
      this.#write(reader, PING);
    }
    if (sink.destroyed) return;
    reader.last = number;
    this.#readers.add(reader);
    sink.on('close', () => this.#readers.delete(reader));
    sink.on('drain', () => {
      reader.blockedSince = undefined;
      this.#catchUp(reader);
    });
    this.#catchUp(reader);
  }

  /** Called every 20 seconds, so that silence means a broken connection. */
  ping(): void {
    for (const reader of this.#readers) if (!this.#isBlocked(reader)) this.#write(reader, PING);
  }

  closeAll(): void {
    for (const { sink } of this.#readers) sink.end();
    this.#readers.clear();
  }

  #tell(batch: EventBatch): void {
    for (const reader of this.#readers) {
      if (this.#isBlocked(reader)) continue;
      this.#write(reader, batch[reader.form]);
      reader.last = batch.number;
    }
  }

  #catchUp(reader: Reader): void {
    const missed = this.feed.log.after(reader.last);
    if (missed === undefined) {
      this.#drop(reader);
      return;
    }
    for (const batch of missed) {
      if (this.#isBlocked(reader)) return;
      this.#write(reader, batch[reader.form]);
      reader.last = batch.number;
    }
  }

  #isBlocked(reader: Reader): boolean {
    if (reader.blockedSince === undefined) return false;
    if (this.clock.monotonic() - reader.blockedSince > patience) this.#drop(reader);
    return true;
  }

  #write(reader: Reader, bytes: EventBytes): void {
    const takesMore = reader.sink.write(reader.gzip ? bytes.deflated : bytes.plain);
    if (!takesMore) reader.blockedSince ??= this.clock.monotonic();
  }

  #drop(reader: Reader): void {
    this.#readers.delete(reader);
    this.dropped++;
    reader.sink.destroy();
  }
}
