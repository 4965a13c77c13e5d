import { constants, deflateRawSync } from 'node:zlib';
import type { DirectoryChanges } from './directory.js';
import type { ListedServer, ServerNumbers } from './listed-server.js';

/** Bytes of events for readers: plain, and as a piece of a gzip stream that stands at any place of it. */
export interface EventBytes {
  readonly plain: Buffer;
  readonly deflated: Buffer;
}

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

/** What changed in one turn, made into bytes once when the first reader wants it. */
export class EventBatch {
  #full: EventBytes | undefined;
  #brief: EventBytes | undefined;

  constructor(
    readonly number: number,
    private readonly id: string,
    private readonly changes: DirectoryChanges,
  ) {}

  /** How much it holds. */
  get lines(): number {
    return this.changes.upserts.length + this.changes.removes.length;
  }

  /** Every server that changed as a whole. */
  get full(): EventBytes {
    const { upserts, removes } = this.changes;
    this.#full ??= this.#bytes([
      ['upsert', upserts],
      ['remove', removes],
    ]);
    return this.#full;
  }

  /** Servers of which only numbers changed, which is what changes most, with nothing but those. */
  get brief(): EventBytes {
    const { upserts, numbers, removes } = this.changes;
    this.#brief ??= this.#bytes([
      ['upsert', upserts.filter((server) => !numbers.has(server))],
      ['numbers', [...numbers].map(numbersOf)],
      ['remove', removes],
    ]);
    return this.#brief;
  }

  #bytes(events: readonly (readonly [name: string, data: readonly unknown[]])[]): EventBytes {
    const told = events.filter(([, data]) => data.length > 0);
    const texts = told.map(([name, data], index) => {
      // The id belongs to the last event: who lost the connection between two gets all of them again.
      const id = index === told.length - 1 ? `id: ${this.id}\n` : '';
      return `${id}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    });
    return eventBytes(texts.join(''));
  }
}

const numbersOf = (server: ListedServer): ServerNumbers => [
  server.address,
  server.players,
  server.maxPlayers,
  server.bots,
  server.ping ?? -1,
];
