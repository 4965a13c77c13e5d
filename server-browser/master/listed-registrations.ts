import { DecodeError, type PeerAddress, ServerError } from 'beaconry';
import { Region } from '../a2s-query/list-codec.js';
import { compileFilter, type Filter } from './filter.js';
import type { FilterTest } from './filter-conditions.js';
import { listed } from './listed.js';
import type { ListOptions, Registration, Registrations } from './public.js';
import type { RegistrationTable } from './registration-table.js';

/** The master list for other plugins of this server. */
export class ListedRegistrations implements Registrations {
  constructor(private readonly table: RegistrationTable) {}

  get size(): number {
    return this.table.size;
  }

  get version(): number {
    return this.table.version;
  }

  find(address: PeerAddress): Registration | undefined {
    this.table.expire();
    return this.table.find(address);
  }

  list(
    text: string,
    { after, from, limit = Number.POSITIVE_INFINITY }: ListOptions = {},
  ): Registration[] {
    const filter = compile(text);
    const found: Registration[] = [];
    if (limit <= 0) return found;
    const visit = listed(
      filter,
      { after, from, region: Region.world, fakeIps: true },
      (registration) => found.push(registration) < limit,
    );
    this.table.expire();
    if (after === undefined || after.isIPv4)
      this.table.scan({ family: 'ipv4', after, wanted: filter.wanted }, visit);
    if (found.length < limit) {
      const within = after === undefined || after.isIPv4 ? undefined : after;
      this.table.scan({ family: 'ipv6', after: within, wanted: filter.wanted }, visit);
    }
    return found;
  }

  cost(text: string): number {
    const { cost, wanted } = compile(text);
    const { table } = this;
    const most = (['ipv4', 'ipv6'] as const).map((family) => table.countAtMost({ family, wanted }));
    return cost * most.reduce((sum, count) => sum + count, 0);
  }

  matcher(text: string): FilterTest {
    return compile(text).test;
  }

  onUpsert(listener: (registration: Registration) => void): () => void {
    return this.table.onUpsert(listener);
  }

  onRemove(listener: (registration: Registration) => void): () => void {
    return this.table.onRemove(listener);
  }
}

const compile = (text: string): Filter => {
  try {
    return compileFilter(text);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('FILTER_TOO_LARGE', `the filter is refused: ${cause.message}`, { cause });
  }
};
