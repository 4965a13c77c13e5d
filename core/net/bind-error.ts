import { messageOf, ServerError } from '../errors.js';

/** The error of a failed bind, with the remedy for the usual causes. */
export function bindError(
  endpoint: string,
  protocol: string,
  host: string,
  port: number,
  cause: unknown,
): ServerError {
  const code = (cause as NodeJS.ErrnoException).code;
  const remedy =
    code === 'EADDRINUSE'
      ? 'another program holds this port: stop it or change the endpoint'
      : code === 'EACCES'
        ? 'ports below 1024 need a privilege (CAP_NET_BIND_SERVICE): choose a higher port'
        : code === 'EADDRNOTAVAIL'
          ? 'this machine has no such address'
          : messageOf(cause);
  return new ServerError(
    'CANNOT_BIND',
    `endpoint ${endpoint}: cannot bind ${protocol} ${host}:${port} (${code ?? 'error'}): ${remedy}`,
    { cause },
  );
}
