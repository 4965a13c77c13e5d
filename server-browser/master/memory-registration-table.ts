import type { Clock, PeerAddress } from 'beaconry';
import { AddressIndex } from './address-index.js';
import { OrderedIndexes } from './ordered-indexes.js';
import type { Registration, ServerDescription } from './public.js';
import { RegistrationColumns } from './registration-columns.js';
import type { RegistrationEntry } from './registration-entry.js';
import { RegistrationRoom } from './registration-room.js';
import type {
  AdoptedRegistration,
  Leaving,
  Registered,
  RegistrationLimits,
  RegistrationTable,
  Revision,
  ScanRange,
  Standing,
  UpsertResult,
} from './registration-table.js';
import { NONE } from './slots.js';
import { TextPool } from './text-pool.js';

/** The table of one process: columns of numbers, ordered pieces for lists, a chain in order of joins for expiry. */
export class MemoryRegistrationTable implements RegistrationTable {
  readonly #columns = new RegistrationColumns();
  readonly #index = new AddressIndex(this.#columns.addresses);
  readonly #families = {
    ipv4: new OrderedIndexes(this.#columns.addresses),
    ipv6: new OrderedIndexes(this.#columns.addresses),
  };
  readonly #texts = new TextPool();
  readonly #room: RegistrationRoom;
  readonly #upsertListeners = new Set<(registration: Registration) => void>();
  readonly #removeListeners = new Set<(registration: Registration) => void>();
  readonly #forgetListeners = new Set<(registration: Registered, why: Leaving) => void>();
  /** Slots of those whose last join is longest ago, and latest. */
  #first = NONE;
  #last = NONE;
  #version = 0;

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    private readonly limits: RegistrationLimits,
  ) {
    this.#room = new RegistrationRoom(this.#columns, limits, (address) => this.remove(address));
  }

  get size(): number {
    return this.#index.size;
  }

  get version(): number {
    return this.#version;
  }

  find(address: PeerAddress): RegistrationEntry | undefined {
    const slot = this.#index.find(address);
    return slot === NONE ? undefined : this.#columns.at(slot);
  }

  at(slot: number): RegistrationEntry {
    return this.#columns.at(slot);
  }

  upsert(address: PeerAddress, description: ServerDescription, standing: Standing): UpsertResult {
    const family = this.#familyOf(address);
    const known = this.find(address);
    if (known === undefined) {
      const full = this.#room.fullness(family.all, address, standing.fakeIp === true);
      if (full !== undefined) return full;
    }
    const now = this.clock.now();
    const entry = known ?? this.#create(address, now, standing);
    const { modDir, appId, slot } = entry;
    const changed = entry.describe(description, standing, this.#texts);
    this.#columns.lastSeen[slot] = now;
    this.#columns.joinedAt[slot] = this.clock.monotonic();
    if (known === undefined) {
      family.insert(entry);
      this.#index.add(slot);
    } else {
      family.moved(entry, modDir, appId);
      this.#unlink(slot);
    }
    this.#append(slot);
    if (!changed && known !== undefined) return 'refreshed';
    if (!entry.hidden) this.#shown(entry);
    return known === undefined ? 'added' : 'changed';
  }

  /** Takes a registration as another node has it; whether there was room. */
  adopt(address: PeerAddress, adopted: AdoptedRegistration): boolean {
    const result = this.upsert(address, adopted, adopted);
    if (result === 'address-full' || result === 'prefix-full') return false;
    const entry = this.find(address);
    if (entry === undefined) return false;
    this.#columns.firstSeen[entry.slot] = adopted.firstSeen;
    this.#columns.lastSeen[entry.slot] = adopted.lastSeen;
    this.#columns.joinedAt[entry.slot] = this.clock.monotonic() - adopted.age;
    this.revise(entry, adopted);
    return true;
  }

  revise(registration: Registered, { verified, hidden, players }: Partial<Revision>): void {
    const entry = registration as RegistrationEntry;
    const wasHidden = entry.hidden;
    const before = entry.players;
    if (verified !== undefined) entry.verified = verified;
    if (hidden !== undefined) entry.hidden = hidden;
    if (players !== undefined) entry.players = players;
    if (entry.hidden && !wasHidden) this.#vanished(entry);
    else if (!entry.hidden && (wasHidden || entry.players !== before)) this.#shown(entry);
  }

  remove(address: PeerAddress, why: Leaving = 'removed'): boolean {
    const entry = this.find(address);
    if (entry === undefined) return false;
    this.#familyOf(address).remove(entry);
    this.#index.remove(entry.slot);
    this.#unlink(entry.slot);
    if (!entry.hidden) this.#vanished(entry);
    for (const listener of this.#forgetListeners) listener(entry, why);
    this.#columns.release(entry.slot);
    return true;
  }

  removeWhere(test: (registration: Registration) => boolean, why: Leaving): void {
    const found: PeerAddress[] = [];
    for (const family of Object.values(this.#families)) {
      family.all.scan(undefined, (slot) => {
        const entry = this.#columns.at(slot);
        if (test(entry)) found.push(entry.address);
        return true;
      });
    }
    for (const address of found) this.remove(address, why);
  }

  expire(limit = 1000): number {
    const latest = this.clock.monotonic() - this.limits.ttl;
    let removed = 0;
    const { joinedAt } = this.#columns;
    while (removed < limit && this.#first !== NONE && (joinedAt[this.#first] as number) <= latest) {
      this.remove(this.#columns.at(this.#first).address, 'expired');
      removed++;
    }
    return removed;
  }

  scan(
    { family, after, wanted = {} }: ScanRange,
    visit: (registration: Registered) => boolean,
  ): void {
    const columns = this.#columns;
    this.#families[family].narrowest(wanted)?.scan(after, (slot) => visit(columns.at(slot)));
  }

  countAtMost({ family, wanted = {} }: ScanRange): number {
    return this.#families[family].narrowest(wanted)?.size ?? 0;
  }

  onUpsert(listener: (registration: Registration) => void): () => void {
    this.#upsertListeners.add(listener);
    return () => this.#upsertListeners.delete(listener);
  }

  onRemove(listener: (registration: Registration) => void): () => void {
    this.#removeListeners.add(listener);
    return () => this.#removeListeners.delete(listener);
  }

  onForget(listener: (registration: Registered, why: Leaving) => void): () => void {
    this.#forgetListeners.add(listener);
    return () => this.#forgetListeners.delete(listener);
  }

  #shown(entry: RegistrationEntry): void {
    this.#version++;
    for (const listener of this.#upsertListeners) listener(entry);
  }

  #vanished(entry: RegistrationEntry): void {
    this.#version++;
    for (const listener of this.#removeListeners) listener(entry);
  }

  #familyOf(address: PeerAddress): OrderedIndexes {
    return address.isIPv4 ? this.#families.ipv4 : this.#families.ipv6;
  }

  #create(address: PeerAddress, now: number, { fakeIp }: Standing): RegistrationEntry {
    const entry = this.#columns.add(address);
    this.#columns.firstSeen[entry.slot] = now;
    entry.hidden = fakeIp !== true && this.limits.verify?.() === true;
    return entry;
  }

  #append(slot: number): void {
    const { earlier, later } = this.#columns;
    earlier[slot] = this.#last;
    later[slot] = NONE;
    if (this.#last === NONE) this.#first = slot;
    else later[this.#last] = slot;
    this.#last = slot;
  }

  #unlink(slot: number): void {
    const { earlier, later } = this.#columns;
    const before = earlier[slot] as number;
    const behind = later[slot] as number;
    if (before === NONE) this.#first = behind;
    else later[before] = behind;
    if (behind === NONE) this.#last = before;
    else earlier[behind] = before;
  }
}
