import { ServerError } from 'beaconry';

/** Schemes that run or show what stands in the link itself, or reach into the visitor's machine. */
const DANGEROUS = new Set(['javascript:', 'data:', 'vbscript:', 'blob:', 'file:', 'about:']);

/** A link template is right when it has a scheme that only opens something. Error `JOIN_LINK`. */
export function checkJoinLink(url: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*:)/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || DANGEROUS.has(scheme) || scheme === 'http:') {
    throw new ServerError(
      'JOIN_LINK',
      `browser.joinLinks: ${JSON.stringify(url)} is no link to join by; write https:… or the scheme of the game, such as xash3d://{address}`,
    );
  }
  if (!/\{(address|host|port)\}/.test(url)) {
    throw new ServerError(
      'JOIN_LINK',
      `browser.joinLinks: ${JSON.stringify(url)} names no server; put {address}, or {host} and {port}, into it`,
    );
  }
}
