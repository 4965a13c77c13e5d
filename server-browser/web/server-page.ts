/**
 * The page that a server says it has by its rule `page`, which is `PORT/PATH`: at the host where the server itself was
 * found and nowhere else, so that no server leads visitors to another one.
 */
export function serverPage(rule: string | undefined, host: string): string | undefined {
  const [, port, path] = /^(\d{1,5})(\/[\w~./-]{0,64})$/.exec(rule ?? '') ?? [];
  if (port === undefined || Number(port) < 1 || Number(port) > 65535) return undefined;
  return `http://${host}:${Number(port)}${path}`;
}
