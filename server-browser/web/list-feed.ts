import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import type { Clock } from 'beaconry';
import { CompressedText } from './compressed-text.js';
import type { Directory } from './directory.js';
import { type EventBatch, type EventBytes, PIECE } from './event-batch.js';
import { EventLog } from './event-log.js';
import { listColumns } from './list-columns.js';
import { type ListTop, listTop } from './list-top.js';

/** Milliseconds after which a snapshot is made anew for the readers to come. */
const snapshotLifetime = 3000;
/** Milliseconds that making one waits, so that the page that asked gets its files first. */
const renewalDelay = 300;

/** Milliseconds after which one is made anew although nobody came. */
const longestLifetime = 10_000;

/** The list in columns with the event it stands at, in every encoding. */
export class Snapshot extends CompressedText {
  constructor(
    readonly event: string,
    readonly size: number,
    readonly top: ListTop,
    text: string,
  ) {
    super(text);
  }
}

interface Kept<T> {
  readonly value: T;
  readonly number: number;
  readonly until: number;
}

/** The list and its changes, made once and shared by all readers. */
export class ListFeed {
  readonly #log: EventLog;
  readonly #listeners = new Set<(batch: EventBatch) => void>();
  #snapshot: Kept<Snapshot> | undefined;
  #snapshotEvent: Kept<Promise<EventBytes>> | undefined;
  #isRenewing = false;
  #cancelRenewal: () => void = () => {};

  constructor(
    private readonly directory: Pick<Directory, 'all' | 'takeChanges' | 'size'>,
    private readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>,
  ) {
    // Of this node and this start alone: a reader who comes from another node is recognised.
    this.#log = new EventLog(randomBytes(6).toString('hex'));
  }

  get log(): Pick<EventLog, 'last' | 'numberOf' | 'after'> {
    return this.#log;
  }

  /** Tells listeners what changed since the last turn. */
  turn(): void {
    const batch = this.#log.append(this.directory.takeChanges());
    if (batch !== undefined) for (const hear of this.#listeners) hear(batch);
  }

  /**
   * Makes a snapshot in time for whoever comes next, so that nobody waits for it, nor has to be told much of what
   * happened since it was made.
   */
  keepReady(): void {
    const kept = this.#snapshot;
    if (kept === undefined) {
      this.snapshot();
      return;
    }
    if (kept.number === this.#log.last) return;
    const age = this.clock.monotonic() - kept.until + snapshotLifetime;
    // A server that was just started hears of most game servers within seconds.
    const hasGrown = this.directory.size > 2 * kept.value.size;
    if (hasGrown || age >= longestLifetime) this.#renewLater(0);
  }

  onBatch(hear: (batch: EventBatch) => void): () => void {
    this.#listeners.add(hear);
    return () => this.#listeners.delete(hear);
  }

  /**
   * The list as columns. One that is some seconds old is given at once while the next is made behind it:
   * whoever takes it continues with the events since then, so its age shows nowhere.
   */
  snapshot(): Snapshot {
    const kept = this.#snapshot;
    if (kept === undefined || this.#log.after(kept.number) === undefined) {
      this.#snapshot = this.#keep(undefined, (number) => this.#columns(number));
      return this.#snapshot.value;
    }
    const isFresh = kept.number === this.#log.last || kept.until > this.clock.monotonic();
    if (!isFresh) this.#renewLater(renewalDelay);
    return kept.value;
  }

  /** No renewal begins any more. */
  close(): void {
    this.#cancelRenewal();
  }

  #renewLater(delay: number): void {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    this.#cancelRenewal = this.clock.after(delay, () => this.#renew());
  }

  #renew(): void {
    const next = this.#keep(undefined, (number) => this.#columns(number));
    const made = Promise.all([next.value.gzip, next.value.brotli]);
    const end = () => {
      this.#snapshot = next;
      this.#isRenewing = false;
    };
    made.then(end, end);
  }

  #columns(number: number): Snapshot {
    const event = this.#log.idOf(number);
    const at = new Date(this.clock.now()).toISOString();
    const columns = listColumns(this.directory.all(), event, at);
    return new Snapshot(event, columns.address.length, listTop(columns), JSON.stringify(columns));
  }

  /** The list as an event, and the number of the event up to which it goes. */
  async snapshotEvent(): Promise<EventBytes & { readonly number: number }> {
    const kept = this.#keep(this.#snapshotEvent, async (number) => {
      const items = JSON.stringify([...this.directory.all()]);
      const plain = Buffer.from(
        `id: ${this.#log.idOf(number)}\nevent: snapshot\ndata: {"items":${items}}\n\n`,
      );
      return { plain, deflated: await promisify(deflateRaw)(plain, PIECE) };
    });
    this.#snapshotEvent = kept;
    return { ...(await kept.value), number: kept.number };
  }

  #keep<T>(kept: Kept<T> | undefined, make: (number: number) => T): Kept<T> {
    const now = this.clock.monotonic();
    if (kept !== undefined && (kept.until > now || kept.number === this.#log.last)) {
      // Readers continue from here, so the changes behind it must still be known.
      if (this.#log.after(kept.number) !== undefined) return kept;
    }
    // What changed before belongs to events up to now: nothing of it may come again as news.
    this.turn();
    const number = this.#log.last;
    return { value: make(number), number, until: now + snapshotLifetime };
  }
}
