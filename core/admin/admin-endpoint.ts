import type { Backup } from '../backup/backup.js';
import type { Clock } from '../clock.js';
import { type AdminParts, adminRoutes } from './admin-routes.js';
import { type BackupRoutesOptions, backupRoutes } from './backup-routes.js';

export interface AdminEndpointParts extends AdminParts, BackupRoutesOptions {
  readonly backup: Backup;
  readonly clock: Clock;
}

const FADE_EVERY = 60_000;

/** What operators see and do, on the endpoint that is called `admin`. The result ends what goes on beside it. */
export function serveAdmin(parts: AdminEndpointParts): () => void {
  const { endpoints, clock } = parts;
  const admin = endpoints.http.get('admin');
  admin?.add('core', adminRoutes(parts), '/v1/admin');
  admin?.add('core', backupRoutes(parts), '/v1/admin');
  return clock.every(FADE_EVERY, () => {
    for (const { heavySources } of endpoints.udp.values()) heavySources.fade();
  });
}
