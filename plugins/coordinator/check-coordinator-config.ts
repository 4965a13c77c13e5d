import { isIPv4 } from 'node:net';
import { ServerError } from 'beaconry';
import type { CoordinatorConfig } from './coordinator-config.js';
import { DEV_POP, isPopCode } from './sdr/pop-code-codec.js';
import { MAX_TICKET_LIFETIME } from './sdr/relay-ticket.js';

const wrong = (path: string, what: string): never => {
  throw new ServerError('COORDINATOR_CONFIG', `${path}: ${what}`);
};

/** What the schema cannot say. COORDINATOR_CONFIG names the key. */
export function checkCoordinatorConfig(config: CoordinatorConfig): void {
  if (config.ticketLifetime > MAX_TICKET_LIFETIME * 1000 || config.ticketLifetime < 1000) {
    wrong('ticketLifetime', 'must be between 1s and 24h, which is what relays accept');
  }
  if (config.certificateLifetime < 1000) wrong('certificateLifetime', 'must be at least 1s');
  for (const range of config.relayRanges) {
    if (!isIPv4(range.split('/')[0] ?? '')) wrong('relayRanges', `${range} is not an IPv4 CIDR`);
  }
  for (const [code, { aliases, relays }] of config.pops) {
    for (const name of [code, ...aliases]) checkCode(`pops.${code}`, name);
    if (code === DEV_POP && !config.dev) wrong(`pops.${code}`, 'POP dev needs dev: true');
    for (const { ipv4, firstPort, lastPort } of relays) {
      if (!isIPv4(ipv4)) wrong(`pops.${code}.relays`, `"${ipv4}" is not an IPv4 address`);
      if (firstPort < 1 || firstPort > lastPort)
        wrong(`pops.${code}.relays`, 'firstPort is past lastPort');
    }
  }
  for (const { from, to } of config.typicalPings) {
    for (const code of [from, to]) checkCode('typicalPings', code);
  }
}

function checkCode(path: string, code: string): void {
  if (!isPopCode(code)) wrong(path, `"${code}" is not a POP code of 3 or 4 of a-z, 0-9`);
}
