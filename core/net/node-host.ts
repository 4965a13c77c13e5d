import { networkInterfaces } from 'node:os';
import { ServerError } from '../errors.js';
import { isLoopback, reachOf } from './address-reach.js';
import { PeerAddress } from './peer-address.js';

/**
 * Where the other nodes reach this one: as configured, else loopback when the endpoint is bound there, else an
 * address of a private network. Error `NODE_ADDRESS` when there is none: nothing of it belongs on the internet.
 */
export function nodeHost(configured: string | null, endpointHosts: readonly string[]): string {
  if (configured !== null) return configured;
  if (endpointHosts.every((host) => isLoopback(PeerAddress.of(host, 0)))) return '127.0.0.1';
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, internal } of addresses ?? []) {
      if (internal || address.includes('%')) continue;
      const reach = reachOf(PeerAddress.of(address, 0));
      if (reach !== 'public' && reach !== 'fe80::/10' && reach !== '169.254.0.0/16') return address;
    }
  }
  throw new ServerError(
    'NODE_ADDRESS',
    'this machine has no address in a private network under which the other nodes could reach it: set the key "nodeAddress"',
  );
}
