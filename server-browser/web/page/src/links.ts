import { settings } from './settings.js';

export interface JoinLink {
  readonly label: string;
  readonly url: string;
}

/** Links to join a server: Steam's own, and those of the operator. Game port, since that is where one plays. */
export function joinLinks(
  { host, port, modDir, appId }: { host: string; port: number; modDir: string; appId: number },
  steam: string,
): JoinLink[] {
  const address = `${host}:${port}`;
  const links: JoinLink[] = appId > 0 ? [{ label: steam, url: `steam://connect/${address}` }] : [];
  for (const { label, url, modDir: wanted } of settings.joinLinks) {
    if (wanted !== null && wanted !== modDir) continue;
    const places: Readonly<Record<string, string>> = { address, host, port: String(port) };
    links.push({
      label,
      url: url.replace(/\{(address|host|port)\}/g, (_, name) => places[name] ?? ''),
    });
  }
  return links;
}

/** `ip:port`, `[v6]:port`: host with its brackets. */
export function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}
