import { collectDefaultMetrics } from 'prom-client';
import type { MetricsRegistry } from '../metrics.js';
import type { Routes } from './routes.js';

/** `/metrics` in Prometheus' text form and `/openapi.json`, for the admin alone. */
export const metricsRoutes =
  ({ registry }: MetricsRegistry, describe: () => object): Routes =>
  (scope) => {
    if (registry.getSingleMetric('process_cpu_user_seconds_total') === undefined) {
      collectDefaultMetrics({ register: registry });
    }
    const hidden = { onRequest: scope.requireAdmin, schema: { hide: true } };
    scope.get('/metrics', hidden, async (_request, reply) => {
      reply.type(registry.contentType);
      return registry.metrics();
    });
    scope.get('/openapi.json', hidden, () => describe());
  };
