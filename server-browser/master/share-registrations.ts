import type { Context } from 'beaconry';
import type { MemoryRegistrationTable } from './memory-registration-table.js';
import type { RegistrationTable } from './registration-table.js';
import { CHANNEL, SharedRegistrations } from './shared-registrations.js';

/** The table of this node: shared when other nodes may be there, else as it is. */
export async function shareRegistrations(
  context: Pick<Context, 'store' | 'bus' | 'clock' | 'log' | 'server' | 'defer'>,
  table: MemoryRegistrationTable,
  ttl: number,
): Promise<RegistrationTable> {
  const { store, bus, clock, log, server } = context;
  if (!bus.shared) return table;
  const parts = { table, store: store.namespace(CHANNEL), bus, clock, log, node: server.node, ttl };
  const shared = new SharedRegistrations(parts);
  context.defer(() => shared.close());
  context.defer(() => shared.flush());
  await shared.load();
  return shared;
}
