import { DecodeError, PeerAddress, reachOf } from 'beaconry';
import type { FastifyRequest } from 'fastify';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../../server-browser/master/heartbeat-codec.js';

/** What a game server sends from its query port to learn a challenge: the answer shows that it is there. */
export const challengeRequest = encodeGameServerMessage({ kind: 'challenge-request', echo: null });

const CHALLENGE = 's'.charCodeAt(0);

/** The challenge in a datagram that a game got from a master; undefined when it is something else. */
export function challengeIn(datagram: Uint8Array): number | undefined {
  if (datagram.length < 6 || datagram[4] !== CHALLENGE || datagram[5] !== 10) return undefined;
  try {
    const message = decodeMasterMessage(datagram);
    return message.kind === 'challenge' ? message.challenge : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** IPv4 host at which a caller reaches the UDP endpoints of this node; undefined when that cannot be known. */
export function reachedHost(
  { ip, socket }: FastifyRequest,
  publicHost: string | undefined,
): string | undefined {
  const { localAddress, remoteAddress } = socket;
  if (localAddress === undefined || remoteAddress === undefined) return publicHost;
  const caller = PeerAddress.of(ip, 0);
  const local = PeerAddress.of(localAddress, 0);
  // A proxy has its connection to us, not the game.
  const direct =
    local.isIPv4 && PeerAddress.of(remoteAddress, 0).sameHost(caller) ? local.host : undefined;
  return reachOf(caller) === 'public' ? (publicHost ?? direct) : (direct ?? publicHost);
}
