import type { FastifyBaseLogger } from 'fastify';
import type { Logger } from '../logger.js';

type LogMethod = (...args: readonly unknown[]) => void;

/** Arguments that say nothing of anybody; all others may be secrets, under whatever name or spelling they come. */
const shown = new Set([
  ...['after', 'appid', 'class', 'filter', 'format', 'limit', 'range', 'resume', 'version', 'wait'],
]);
const maxLength = 500;

/** The URL for logs: the values of all arguments that are not known to be harmless are left out. */
export function redactUrl(url: string): string {
  const mark = url.search(/[?;#]/);
  if (mark < 0) return url.slice(0, maxLength);
  const path = url.slice(0, Math.min(mark, maxLength));
  const query = url
    .slice(mark + 1)
    .split(/[&;?#]/)
    .map((part) => {
      const name = part.split('=', 1)[0] ?? '';
      // A part without a name may be a secret as it stands.
      return shown.has(name) ? part : `${name === part ? '' : `${name.slice(0, 40)}=`}[redacted]`;
    });
  return `${path}?${query.join('&')}`.slice(0, maxLength);
}

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
