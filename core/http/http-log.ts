import type { FastifyBaseLogger } from 'fastify';
import type { Logger } from '../logger.js';

type LogMethod = (...args: readonly unknown[]) => void;

/** The URL for logs: values of `key`, `token` and the like are secrets. */
export const redactUrl = (url: string): string =>
  url
    .slice(0, 500)
    .replace(
      /([?&;](?:[^=&;]*(?:key|token|ticket|secret|password)[^=&;]*)=)[^&;#]*/gi,
      '$1[redacted]',
    );

/** Our log as fastify's: requests and responses shrink to what may be logged, so no header ever gets there. */
export function fastifyLog(log: Logger): FastifyBaseLogger {
  const method =
    (level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'): LogMethod =>
    (first, ...rest) => {
      const write = log[level] as LogMethod;
      write.call(log, shrink(first), ...rest);
    };
  const adapter = {
    level: log.level,
    silent: () => {},
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: (bindings: Record<string, unknown>) =>
      fastifyLog(log.child(shrink(bindings) as Record<string, unknown>)),
  };
  return adapter as unknown as FastifyBaseLogger;
}

function shrink(fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null || fields instanceof Error) return fields;
  const { req, request, res, reply, ...rest } = fields as Record<string, unknown>;
  const source = (req ?? request) as { method?: string; url?: string } | undefined;
  const target = (res ?? reply) as { statusCode?: number } | undefined;
  return {
    ...rest,
    ...(source === undefined ? {} : { method: source.method, url: redactUrl(source.url ?? '') }),
    ...(target === undefined ? {} : { status: target.statusCode }),
  };
}
