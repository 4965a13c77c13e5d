import { type Clock, PeerAddress } from 'beaconry';
import { compareAddresses, OrderedAddresses } from './ordered-addresses.js';
import type { Registration, ServerDescription } from './public.js';
import type {
  Leaving,
  RegistrationLimits,
  RegistrationTable,
  Revision,
  ScanRange,
  Standing,
  UpsertResult,
} from './registration-table.js';
import { TextPool } from './text-pool.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A registration and its place among those that wait to expire, which is the order of their joins. */
interface Entry extends Writable<Registration> {
  /** Monotonic milliseconds of the last join. */
  joinedAt: number;
  earlier: Entry | undefined;
  later: Entry | undefined;
}

/** The table of one process: ordered pieces for lists, a queue for expiry. */
export class MemoryRegistrationTable implements RegistrationTable {
  readonly #families = {
    ipv4: new OrderedAddresses<Entry>(),
    ipv6: new OrderedAddresses<Entry>(),
  };
  readonly #texts = new TextPool();
  readonly #upsertListeners = new Set<(registration: Registration) => void>();
  readonly #removeListeners = new Set<(registration: Registration) => void>();
  readonly #forgetListeners = new Set<(registration: Registration, why: Leaving) => void>();
  #first: Entry | undefined;
  #last: Entry | undefined;
  #version = 0;

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    private readonly limits: RegistrationLimits,
  ) {}

  get size(): number {
    return this.#families.ipv4.size + this.#families.ipv6.size;
  }

  get version(): number {
    return this.#version;
  }

  find(address: PeerAddress): Registration | undefined {
    return this.#familyOf(address).find(address);
  }

  upsert(address: PeerAddress, description: ServerDescription, standing: Standing): UpsertResult {
    const family = this.#familyOf(address);
    const known = family.find(address);
    if (known === undefined) {
      const full = this.#fullness(family, address);
      if (full !== undefined) return full;
    }
    const now = this.clock.now();
    const entry = known ?? this.#create(address, now);
    const changed = this.#describe(entry, description, standing) || known === undefined;
    entry.lastSeen = now;
    entry.joinedAt = this.clock.monotonic();
    if (known === undefined) family.insert(entry);
    else this.#unlink(entry);
    this.#append(entry);
    if (!changed) return 'refreshed';
    if (!entry.hidden) this.#shown(entry);
    return known === undefined ? 'added' : 'changed';
  }

  revise(registration: Registration, { verified, hidden, players }: Partial<Revision>): void {
    const entry = registration as Entry;
    const wasHidden = entry.hidden;
    const before = entry.players;
    if (verified !== undefined) entry.verified = verified;
    if (hidden !== undefined) entry.hidden = hidden;
    if (players !== undefined) entry.players = players;
    if (entry.hidden && !wasHidden) this.#vanished(entry);
    else if (!entry.hidden && (wasHidden || entry.players !== before)) this.#shown(entry);
  }

  remove(address: PeerAddress, why: Leaving = 'removed'): boolean {
    const entry = this.#familyOf(address).remove(address);
    if (entry === undefined) return false;
    this.#unlink(entry);
    if (!entry.hidden) this.#vanished(entry);
    for (const listener of this.#forgetListeners) listener(entry, why);
    return true;
  }

  removeWhere(test: (registration: Registration) => boolean, why: Leaving): void {
    const found: PeerAddress[] = [];
    for (const family of Object.values(this.#families)) {
      family.scan(undefined, (entry) => {
        if (test(entry)) found.push(entry.address);
        return true;
      });
    }
    for (const address of found) this.remove(address, why);
  }

  expire(limit = 1000): number {
    const latest = this.clock.monotonic() - this.limits.ttl;
    let removed = 0;
    while (removed < limit && this.#first !== undefined && this.#first.joinedAt <= latest) {
      this.remove(this.#first.address, 'expired');
      removed++;
    }
    return removed;
  }

  scan({ family, after }: ScanRange, visit: (registration: Registration) => boolean): void {
    this.#families[family].scan(after, visit);
  }

  onUpsert(listener: (registration: Registration) => void): () => void {
    this.#upsertListeners.add(listener);
    return () => this.#upsertListeners.delete(listener);
  }

  onRemove(listener: (registration: Registration) => void): () => void {
    this.#removeListeners.add(listener);
    return () => this.#removeListeners.delete(listener);
  }

  onForget(listener: (registration: Registration, why: Leaving) => void): () => void {
    this.#forgetListeners.add(listener);
    return () => this.#forgetListeners.delete(listener);
  }

  #shown(entry: Entry): void {
    this.#version++;
    for (const listener of this.#upsertListeners) listener(entry);
  }

  #vanished(entry: Entry): void {
    this.#version++;
    for (const listener of this.#removeListeners) listener(entry);
  }

  #familyOf(address: PeerAddress): OrderedAddresses<Entry> {
    return address.isIPv4 ? this.#families.ipv4 : this.#families.ipv6;
  }

  /** Servers of one address, and of one prefix, lie side by side in the order: counting them is cheap. */
  #fullness(
    family: OrderedAddresses<Entry>,
    address: PeerAddress,
  ): 'address-full' | 'prefix-full' | undefined {
    const { a, b, c, d } = address;
    const { perAddress, perPrefix } = this.limits;
    const low = new PeerAddress().set(a, b, c, d, 0);
    const high = new PeerAddress().set(a, b, c, d, 65535);
    if (perAddress > 0 && family.countBetween(low, high) >= perAddress) {
      if (!this.#makeRoom(family, low, high)) return 'address-full';
    }
    if (address.isIPv4) {
      low.set(a, b, c, d & ~0xff, 0);
      high.set(a, b, c, d | 0xff, 65535);
    } else {
      low.set(a, b & ~0xffff, 0, 0, 0);
      high.set(a, b | 0xffff, -1, -1, 65535);
    }
    if (perPrefix > 0 && family.countBetween(low, high) >= perPrefix) {
      if (!this.#makeRoom(family, low, high)) return 'prefix-full';
    }
    return undefined;
  }

  /** Of the servers that no query has found yet the one that joined first goes. */
  #makeRoom(family: OrderedAddresses<Entry>, low: PeerAddress, high: PeerAddress): boolean {
    if (this.limits.verify?.() !== true) return false;
    let oldest: Entry | undefined;
    const consider = (entry: Entry): boolean => {
      if (compareAddresses(entry.address, high) > 0) return false;
      if (!entry.verified && (oldest === undefined || entry.joinedAt < oldest.joinedAt)) {
        oldest = entry;
      }
      return true;
    };
    const first = family.find(low);
    if (first !== undefined) consider(first);
    family.scan(low, consider);
    return oldest !== undefined && this.remove(oldest.address);
  }

  #create(address: PeerAddress, now: number): Entry {
    return {
      address: address.copy(),
      protocol: 0,
      players: 0,
      maxPlayers: 0,
      bots: 0,
      name: '',
      map: '',
      modDir: '',
      product: '',
      version: '',
      appId: 0,
      serverType: '',
      os: '',
      password: false,
      secure: false,
      lan: false,
      nat: false,
      region: 255,
      tags: '',
      gameData: '',
      gamePort: null,
      spectatorPort: null,
      whitelisted: false,
      outdated: false,
      verified: false,
      hidden: this.limits.verify?.() === true,
      firstSeen: now,
      lastSeen: now,
      joinedAt: 0,
      earlier: undefined,
      later: undefined,
    };
  }

  /** Takes what is new; texts that many servers share are kept once. */
  #describe(entry: Entry, said: ServerDescription, standing: Standing): boolean {
    let changed = false;
    const target = entry as unknown as Record<string, unknown>;
    for (const source of [said, standing]) {
      for (const [key, value] of Object.entries(source) as [string, unknown][]) {
        if (target[key] === value) continue;
        target[key] = typeof value === 'string' ? this.#texts.keep(value) : value;
        changed = true;
      }
    }
    return changed;
  }

  #append(entry: Entry): void {
    entry.earlier = this.#last;
    entry.later = undefined;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.later = entry;
    this.#last = entry;
  }

  #unlink(entry: Entry): void {
    if (entry.earlier === undefined) this.#first = entry.later;
    else entry.earlier.later = entry.later;
    if (entry.later === undefined) this.#last = entry.earlier;
    else entry.later.earlier = entry.earlier;
    entry.earlier = undefined;
    entry.later = undefined;
  }
}
