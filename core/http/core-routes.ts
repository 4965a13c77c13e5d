import type { Clock } from '../clock.js';
import type { Logger } from '../logger.js';
import type { MetricsRegistry } from '../metrics.js';
import { adminGuard, openAdminToken, tokenCheck } from './admin-auth.js';
import { AdminSessions } from './admin-sessions.js';
import { healthRoutes } from './health-routes.js';
import type { HttpEndpoint } from './http-endpoint.js';
import { metricsRoutes } from './metrics-routes.js';
import { mergeDescriptions } from './openapi.js';

export interface CoreRoutesOptions {
  readonly config: {
    readonly management: { readonly token: string | null; readonly tokenFile: string | null };
  };
  readonly metrics: MetricsRegistry;
  readonly log: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** The data folder. */
  readonly data: string;
  /** Why this node should get no traffic now. */
  readonly problems: () => readonly string[];
  /** What this node does without, though it serves. */
  readonly limits?: () => readonly string[];
  /** Driver of each UDP endpoint. */
  readonly drivers: () => Readonly<Record<string, string>>;
}

/** Routes of the host itself: health on every endpoint, the rest on `admin`. Before `build`. */
export function addCoreRoutes(
  endpoints: ReadonlyMap<string, HttpEndpoint>,
  { config, metrics, log, clock, data, problems, limits, drivers }: CoreRoutesOptions,
): void {
  if (endpoints.size === 0) return;
  const isToken = tokenCheck(openAdminToken({ management: config.management, data, log }));
  const sessions = new AdminSessions(clock);
  // Browsers send cookies to every port of a host: only the endpoint with the operator's page takes them.
  for (const endpoint of endpoints.values()) {
    endpoint.useAdmin(adminGuard(isToken, endpoint.name === 'admin' ? sessions : undefined));
    endpoint.add('core', healthRoutes(problems, drivers, limits), '');
  }
  const describe = () => mergeDescriptions([...endpoints.values()].map((one) => one.openapi()));
  const admin = endpoints.get('admin');
  admin?.add('core', metricsRoutes(metrics, describe), '');
  admin?.add('core', sessions.routes(isToken, admin.isSecure), '/v1/admin');
}
