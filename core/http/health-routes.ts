import { Type } from 'typebox';
import type { Routes } from './routes.js';

/**
 * `/healthz`: this process answers. `/readyz`: it can serve, or 503 and the reasons, what it does without though it
 * serves, and the driver of each UDP endpoint.
 */
export const healthRoutes =
  (
    problems: () => readonly string[],
    drivers: () => Readonly<Record<string, string>>,
    limits: () => readonly string[] = () => [],
  ): Routes =>
  (scope) => {
    scope.get(
      '/healthz',
      { schema: { response: { 200: Type.Object({ status: Type.Literal('alive') }) } } },
      () => ({ status: 'alive' as const }),
    );
    const readiness = Type.Object({
      ready: Type.Boolean(),
      reasons: Type.Array(Type.String()),
      drivers: Type.Record(Type.String(), Type.String()),
    });
    scope.get(
      '/readyz',
      { schema: { response: { 200: readiness, 503: readiness } } },
      (_request, reply) => {
        const blocking = problems();
        const reasons = [...blocking, ...limits()];
        const ready = blocking.length === 0;
        reply.code(ready ? 200 : 503);
        return { ready, reasons, drivers: { ...drivers() } };
      },
    );
  };
