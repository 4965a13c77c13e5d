import type { PeerAddress } from 'beaconry';
import type { CoordinatorClient, FakeIpTarget } from '../../coordinator/sdr/coordinator-client.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { AutoTicketRequests } from '../agent/auto-ticket-requests.js';
import { SignalingClient } from '../agent/signaling-client.js';
import type { ClientOptions } from './client-command.js';
import { clock, natural, needsCoordinator, ownToken, say, signalingAt } from './command-options.js';

/** How a player comes to the server behind a FakeIP. */
export interface AutoTicketSource {
  target(): Promise<FakeIpTarget>;
  request(server: string, virtualPort: number): Promise<Uint8Array>;
  close(): void;
}

/** By signals where a service for them is named; else the coordinator makes the ticket on behalf of the server. */
export function autoTicketsOf(
  options: ClientOptions,
  fake: PeerAddress,
  credentials: () => Promise<Credentials>,
  coordinator: CoordinatorClient | undefined,
): AutoTicketSource {
  if (coordinator === undefined) throw needsCoordinator('a FakeIP');
  const address = fake.toString();
  const target = () => coordinator.fakeIpTarget(address);
  if (options.signaling === undefined) {
    const request = async () => (await coordinator.fakeIpTicket(address)).ticket;
    return { target, request, close: () => {} };
  }
  const { identity } = options;
  const appId = natural(options.app, '--app');
  const requests = new AutoTicketRequests({
    ...{ clock, identity, appId, credentials },
    signal: (to, payload) => signaling.signal(to, payload),
  });
  const signaling = new SignalingClient({
    ...{ clock, identity, ...signalingAt(options.signaling) },
    token: ownToken,
    onSignal: (from, payload) => requests.signaled(from, payload),
    onState: (isConnected) => {
      if (!isConnected) say(`the signaling service at ${options.signaling} closed the connection`);
    },
  }).start();
  return {
    target,
    request: (server, virtualPort) => requests.request(server, virtualPort),
    close: () => signaling.close(),
  };
}
