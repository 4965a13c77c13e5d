import { type Bus, type Clock, type Json, type Logger, PeerAddress, type Store } from 'beaconry';
import type { MemoryRegistrationTable } from './memory-registration-table.js';
import type { Registration, ServerDescription } from './public.js';
import type {
  Leaving,
  Registered,
  RegistrationTable,
  Revision,
  ScanRange,
  Standing,
  UpsertResult,
} from './registration-table.js';
import { inParts, toWritten, type Word, type Written } from './registration-words.js';

export interface SharedRegistrationsParts {
  readonly table: MemoryRegistrationTable;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  /** This node. */
  readonly node: string;
  /** Milliseconds a server stays after its last join. */
  readonly ttl: number;
}

/** Others know of a change within this time, and the trip. */
const flushInterval = 100;
/** Changes said and written in one round; the rest follows in the next. */
const perRound = 2000;
/** Of the words, and namespace of what is written. */
export const CHANNEL = 'registrations';

/**
 * The table of one of several nodes. Lists are answered from memory as ever; what joins here is written to the
 * store and said to the others, what joins there is taken over. Every node lets a server go by itself when its
 * time is over, and none lets it go earlier because another node died.
 */
export class SharedRegistrations implements RegistrationTable {
  readonly #table: MemoryRegistrationTable;
  /** Addresses of servers that joined here, and whether more than the time of the join has to be said. */
  readonly #dirty = new Map<string, boolean>();
  readonly #gone = new Set<string>();
  readonly #mine = new Set<string>();
  readonly #endings: (() => void)[] = [];
  #applying = false;
  #writing = false;

  constructor(private readonly parts: SharedRegistrationsParts) {
    this.#table = parts.table;
    this.#endings.push(
      parts.table.onForget((registration, why) => this.#forgotten(registration, why)),
      parts.bus.subscribe(CHANNEL, (word, from) => {
        if (from !== parts.node) this.#hear(word as unknown as Word);
      }),
      parts.bus.onGap(() => this.#catchUp()),
      parts.clock.every(flushInterval, () => void this.flush()),
    );
  }

  get size(): number {
    return this.#table.size;
  }
  get version(): number {
    return this.#table.version;
  }

  /** Takes what the store has: what other nodes know, or what this one knew before it was started again. */
  async load(): Promise<void> {
    const found: (readonly [PeerAddress, Written])[] = [];
    for (let after = ''; ; ) {
      const page = await this.parts.store.scan<Json & Written>('', { after, limit: 1000 });
      for (const [text, written] of page) {
        const address = PeerAddress.parse(text);
        if (address !== undefined) found.push([address, written]);
      }
      if (page.length < 1000) break;
      after = page.at(-1)?.[0] ?? '';
    }
    // In the order of joins, as the table wants it.
    found.sort(([, one], [, other]) => one.seen - other.seen);
    for (const [address, written] of found) this.#adopt(address, written);
  }

  find(address: PeerAddress): Registered | undefined {
    return this.#table.find(address);
  }
  at(slot: number): Registered {
    return this.#table.at(slot);
  }

  upsert(address: PeerAddress, description: ServerDescription, standing: Standing): UpsertResult {
    const result = this.#table.upsert(address, description, standing);
    if (result !== 'address-full' && result !== 'prefix-full') {
      const text = address.toString();
      this.#mine.add(text);
      this.#touch(text, result !== 'refreshed');
    }
    return result;
  }

  revise(registration: Registered, revision: Partial<Revision>): void {
    this.#table.revise(registration, revision);
    this.#touch(registration.address.toString(), true);
  }

  remove(address: PeerAddress, why?: Leaving): boolean {
    return this.#table.remove(address, why);
  }
  removeWhere(test: (registration: Registration) => boolean, why: Leaving): void {
    this.#table.removeWhere(test, why);
  }
  expire(limit?: number): number {
    return this.#table.expire(limit);
  }
  scan(range: ScanRange, visit: (registration: Registered) => boolean): void {
    this.#table.scan(range, visit);
  }
  countAtMost(range: ScanRange): number {
    return this.#table.countAtMost(range);
  }
  onUpsert(listener: (registration: Registration) => void): () => void {
    return this.#table.onUpsert(listener);
  }
  onRemove(listener: (registration: Registration) => void): () => void {
    return this.#table.onRemove(listener);
  }
  onForget(listener: (registration: Registered, why: Leaving) => void): () => void {
    return this.#table.onForget(listener);
  }

  /** Says and writes what changed here; runs by itself ten times a second. */
  async flush(): Promise<void> {
    if (this.#writing || (this.#dirty.size === 0 && this.#gone.size === 0)) return;
    this.#writing = true;
    const { store, bus, ttl, clock } = this.parts;
    const [gone, dirty] = [firstOf(this.#gone), firstOf(this.#dirty.keys())];
    const put: (readonly [string, Written])[] = [];
    const seen: (readonly [string, number])[] = [];
    const writes: Promise<unknown>[] = gone.map((text) => store.delete(text));
    for (const text of gone) this.#gone.delete(text);
    const changed = new Map(dirty.map((text) => [text, this.#dirty.get(text) === true]));
    for (const text of dirty) {
      this.#dirty.delete(text);
      const registration = this.#table.find(PeerAddress.parse(text) as PeerAddress);
      if (registration === undefined) continue;
      const written = toWritten(registration);
      if (changed.get(text)) put.push([text, written]);
      else seen.push([text, written.seen]);
      const left = ttl - (clock.now() - written.seen);
      writes.push(store.set(text, { ...written } as unknown as Json, { ttl: Math.max(1, left) }));
    }
    const say = (word: Word): void => bus.publish(CHANNEL, word as unknown as Json);
    for (const part of inParts(gone)) say({ kind: 'gone', servers: part });
    for (const part of inParts(put)) say({ kind: 'put', servers: part });
    for (const part of inParts(seen)) say({ kind: 'seen', servers: part });
    const results = await Promise.allSettled(writes);
    // What the store does not have yet is written again when it is back; see #catchUp.
    const failed = results.some(({ status }) => status === 'rejected');
    if (failed) this.parts.log.debug('registrations were not written; the store is away');
    this.#writing = false;
  }

  close(): void {
    for (const end of this.#endings.splice(0)) end();
  }

  #touch(text: string, changed: boolean): void {
    if (this.#applying) return;
    this.#gone.delete(text);
    this.#dirty.set(text, changed || this.#dirty.get(text) === true);
  }

  #forgotten({ address }: Registration, why: Leaving): void {
    const text = address.toString();
    this.#mine.delete(text);
    this.#dirty.delete(text);
    // What expires does so on every node, and in the store.
    if (!this.#applying && why !== 'expired') this.#gone.add(text);
  }

  /** Kinds that a newer version says are passed over. */
  #hear({ kind, servers }: Word): void {
    switch (kind) {
      case 'put':
        for (const [text, said] of servers) this.#at(text, (address) => this.#adopt(address, said));
        break;
      case 'seen':
        for (const [text, seen] of servers) {
          this.#at(text, (address) => {
            const known = this.#table.find(address);
            if (known !== undefined) this.#adopt(address, { ...toWritten(known), seen });
          });
        }
        break;
      case 'gone':
        for (const text of servers) {
          this.#at(text, (address) =>
            this.#applied(() => this.#table.remove(address, 'signed-off')),
          );
        }
    }
  }

  #at(text: string, work: (address: PeerAddress) => void): void {
    const address = PeerAddress.parse(text);
    if (address !== undefined) work(address);
  }

  #adopt(address: PeerAddress, written: Written): void {
    const known = this.#table.find(address);
    if (known !== undefined && known.lastSeen > written.seen) return;
    const age = Math.max(0, this.parts.clock.now() - written.seen);
    if (age >= this.parts.ttl) return;
    const { first, seen } = written;
    this.#applied(() => {
      this.#table.adopt(address, { ...written, firstSeen: first, lastSeen: seen, age });
    });
  }

  #applied(work: () => void): void {
    this.#applying = true;
    try {
      work();
    } finally {
      this.#applying = false;
    }
  }

  /** Words were missed, and the store may have lost what it held: both sides say what they know. */
  #catchUp(): void {
    for (const text of this.#mine) this.#dirty.set(text, true);
    this.load().catch(() => {
      // Lost again; the next return catches up.
    });
  }
}

function firstOf(texts: Iterable<string>): string[] {
  const found: string[] = [];
  for (const text of texts) {
    if (found.length === perRound) break;
    found.push(text);
  }
  return found;
}
