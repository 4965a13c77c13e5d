import { type Clock, ServerError } from 'beaconry';
import { requireNetwork, type TrustedNetwork } from '../agent/relay-access.js';
import type { PeerExpectation } from './session-offer.js';

/** Who may meet whom over plain UDP: what the network config says, and how much the own side wants proven. */
export interface PlainUdpRules {
  readonly clock: Pick<Clock, 'now'>;
  readonly appId: number;
  network(): TrustedNetwork | undefined;
  /** `allow` lets peers without a signed certificate in, as games of a local network do. */
  readonly authentication?: 'require' | 'allow';
}

/** DIRECT_MODE where the network config wants relays, NO_NETWORK_CONFIG. */
export function requirePlainUdp(network: TrustedNetwork | undefined): void {
  const { directMode } = requireNetwork(network).config;
  if (directMode === 'udp') return;
  const text = `the network config says direct_mode: ${directMode}, which allows no plain UDP`;
  throw new ServerError('DIRECT_MODE', text);
}

/** What the other side has to prove now; without an identity anybody may be there. NO_NETWORK_CONFIG. */
export function expectedPeer(
  { clock, appId, network, authentication = 'require' }: PlainUdpRules,
  identity?: string,
): PeerExpectation {
  const { certificates } = requireNetwork(network());
  const unix = Math.floor(clock.now() / 1000);
  const who = identity === undefined ? {} : { identity };
  return { authentication, certificates, unix, appId, ...who };
}
