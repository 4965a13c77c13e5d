import type { Clock, PeerAddress } from 'beaconry';

export interface LockOutOptions {
  /** Wrong passwords until an address is locked out. */
  readonly failures: number;
  /** Milliseconds that it stays so, and after which failures are forgotten. */
  readonly time: number;
}

interface Record {
  failures: number;
  until: number;
}

/** Sources that are remembered; beyond it the oldest are forgotten. */
const maxSources = 4096;

/** Counts wrong passwords by IPv4 address or IPv6 /64. */
export class LockOut {
  readonly #sources = new Map<string, Record>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly options: LockOutOptions,
  ) {}

  isLocked(address: PeerAddress): boolean {
    const record = this.#known(sourceOf(address));
    return record !== undefined && record.failures >= this.options.failures;
  }

  /** True when this failure locks the address out. */
  failed(address: PeerAddress): boolean {
    const source = sourceOf(address);
    const record = this.#known(source) ?? { failures: 0, until: 0 };
    record.failures++;
    record.until = this.clock.monotonic() + this.options.time;
    this.#sources.delete(source);
    this.#sources.set(source, record);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > maxSources && oldest !== undefined) this.#sources.delete(oldest);
    return record.failures === this.options.failures;
  }

  succeeded(address: PeerAddress): void {
    this.#sources.delete(sourceOf(address));
  }

  get size(): number {
    return this.#sources.size;
  }

  #known(source: string): Record | undefined {
    const record = this.#sources.get(source);
    if (record === undefined || record.until > this.clock.monotonic()) return record;
    this.#sources.delete(source);
    return undefined;
  }
}

const sourceOf = (address: PeerAddress): string =>
  address.isIPv4 ? address.host : `${address.a}:${address.b}`;
