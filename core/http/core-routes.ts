import type { Logger } from '../logger.js';
import type { MetricsRegistry } from '../metrics.js';
import { adminGuard, openAdminToken } from './admin-auth.js';
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
  /** The data folder. */
  readonly data: string;
  /** Why this node should get no traffic now. */
  readonly problems: () => readonly string[];
  /** Driver of each UDP endpoint. */
  readonly drivers: () => Readonly<Record<string, string>>;
}

/** Routes of the host itself: health on every endpoint, the rest on `admin`. Before `build`. */
export function addCoreRoutes(
  endpoints: ReadonlyMap<string, HttpEndpoint>,
  { config, metrics, log, data, problems, drivers }: CoreRoutesOptions,
): void {
  if (endpoints.size === 0) return;
  const guard = adminGuard(openAdminToken({ management: config.management, data, log }));
  for (const endpoint of endpoints.values()) {
    endpoint.useAdmin(guard);
    endpoint.add('core', healthRoutes(problems, drivers), '');
  }
  const describe = () => mergeDescriptions([...endpoints.values()].map((one) => one.openapi()));
  endpoints.get('admin')?.add('core', metricsRoutes(metrics, describe), '');
}
