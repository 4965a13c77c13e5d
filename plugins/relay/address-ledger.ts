import type { PeerAddress } from 'beaconry';

const DAY = 86_400_000;
/** Addresses remembered for the daily quota without having a connection. */
const REMEMBERED = 65_536;

/** What one address (for IPv6 one /64, which is what one party holds) uses now and has used today. */
export interface AddressRecord {
  readonly key: string;
  connections: number;
  /** Bytes of frames that it sent since the day began. */
  bytesToday: number;
}

/** Connections and daily bytes of each address; without a quota nothing outlives the last connection. */
export class AddressLedger {
  readonly #records = new Map<string, AddressRecord>();
  #day = -1;

  constructor(private readonly dailyBytes: number) {}

  get size(): number {
    return this.#records.size;
  }

  /** The record of an address, which lives at least until its last `leave`. */
  enter(address: PeerAddress): AddressRecord {
    const key = address.party;
    let record = this.#records.get(key);
    if (record === undefined) {
      record = { key, connections: 0, bytesToday: 0 };
      this.#records.set(key, record);
    }
    record.connections++;
    return record;
  }

  leave(record: AddressRecord): void {
    record.connections--;
    if (record.connections > 0) return;
    this.#records.delete(record.key);
    if (this.dailyBytes === 0 || record.bytesToday === 0) return;
    // Back in at the end of the order: the one that left first makes room first.
    this.#records.set(record.key, record);
    if (this.#records.size > REMEMBERED) this.#evict();
  }

  connectionsOf(address: PeerAddress): number {
    return this.#records.get(address.party)?.connections ?? 0;
  }

  overQuota(record: AddressRecord): boolean {
    return this.dailyBytes > 0 && record.bytesToday > this.dailyBytes;
  }

  /** Begins a new day (UTC) when it is due; `now` is wall-clock time. */
  sweep(now: number): void {
    const day = Math.floor(now / DAY);
    if (day === this.#day) return;
    this.#day = day;
    for (const record of this.#records.values()) {
      record.bytesToday = 0;
      if (record.connections === 0) this.#records.delete(record.key);
    }
  }

  #evict(): void {
    for (const record of this.#records.values()) {
      if (record.connections > 0) continue;
      this.#records.delete(record.key);
      return;
    }
  }
}
