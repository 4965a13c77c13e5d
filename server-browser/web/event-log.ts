import { constants, deflateRawSync } from 'node:zlib';
import type { DirectoryChanges } from './directory.js';

/** Bytes of events for readers: plain, and as a piece of a gzip stream that stands at any place of it. */
export interface EventBytes {
  readonly plain: Buffer;
  readonly deflated: Buffer;
}
export interface EventBatch extends EventBytes {
  readonly number: number;
}

/** Batches that can be repeated to a reader who comes back, and their bytes together. */
const mostBatches = 300;
const mostBytes = 16 * 1024 * 1024;

/**
 * What begins a gzip stream. Every piece behind it is compressed on its own up to a byte's end, so one piece
 * serves all readers whatever they got before it.
 */
export const GZIP_BEGIN = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
export const PIECE = { finishFlush: constants.Z_SYNC_FLUSH, level: 6 } as const;

export const eventBytes = (text: string): EventBytes => {
  const plain = Buffer.from(text);
  return { plain, deflated: deflateRawSync(plain, PIECE) };
};

/** The changes of the list as numbered events, and the last ones of them for readers who come back. */
export class EventLog {
  readonly #batches: EventBatch[] = [];
  #bytes = 0;
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
  append({ upserts, removes }: DirectoryChanges): EventBatch | undefined {
    if (upserts.length === 0 && removes.length === 0) return undefined;
    const number = ++this.#last;
    // The id belongs to the last event: who lost the connection between the two gets both again.
    const id = `id: ${this.idOf(number)}\n`;
    const parts: string[] = [];
    if (upserts.length > 0) {
      const idHere = removes.length > 0 ? '' : id;
      parts.push(`${idHere}event: upsert\ndata: ${JSON.stringify(upserts)}\n\n`);
    }
    if (removes.length > 0) {
      parts.push(`${id}event: remove\ndata: ${JSON.stringify(removes)}\n\n`);
    }
    const batch = { number, ...eventBytes(parts.join('')) };
    this.#batches.push(batch);
    this.#bytes += batch.plain.length;
    while (this.#batches.length > mostBatches || this.#bytes > mostBytes) {
      const oldest = this.#batches.shift();
      if (oldest === undefined) break;
      this.#bytes -= oldest.plain.length;
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
