import type { Bus, Clock, Logger, Store } from 'beaconry';
import type { BackendOptions } from './backend-options.js';
import type { BanLookup } from './public.js';
import type { StoredBans } from './stored-bans.js';
import type { TicketKey } from './ticket-key.js';

/** What a backend in this process is built on. */
export interface BackendParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly node: string;
  readonly key: TicketKey;
  /** Further issuers whose tickets are believed (PEM). */
  readonly trustedKeys: readonly string[];
  readonly options: BackendOptions;
  /** What to ask instead of, or beside, the backend's own tables. */
  readonly bans?: (stored: StoredBans) => BanLookup;
}
