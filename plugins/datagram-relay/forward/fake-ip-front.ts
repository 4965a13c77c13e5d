import type { PeerAddress } from 'beaconry';
import { isFakeIpPort } from 'beaconry/plugins/fake-ip';
import type { HostedServer } from '../../coordinator/sdr/hosted-server.js';
import { AutoTicketGiver } from '../agent/auto-ticket-giver.js';
import type { TrustedNetwork } from '../agent/relay-access.js';
import { SignalingClient } from '../agent/signaling-client.js';
import {
  clock,
  coordinatorAt,
  natural,
  needsCoordinator,
  say,
  signalingAt,
} from './command-options.js';
import { FakeIpKeeper } from './fake-ip-keeper.js';
import { GameInquiry } from './game-facts.js';
import type { ServerOptions } from './server-command.js';

/** The FakeIP of a forwarded game: leased, listed, and open to players who ask by signals. */
export interface FakeIpFront {
  /** For the line that says that the forwarder is ready. */
  readonly said: { readonly fakeIp: string | null };
  close(): Promise<void>;
}

const MOST_PORTS = 4;

/** Undefined without `--fake-ip`. */
export async function fakeIpFront(
  options: ServerOptions,
  hosted: HostedServer,
  games: ReadonlyMap<number, PeerAddress>,
  network: () => TrustedNetwork | undefined,
): Promise<FakeIpFront | undefined> {
  const { identity, coordinator: url } = options;
  const game = games.get(0);
  if (options.fakeIp !== true || game === undefined) return undefined;
  if (url === undefined) throw needsCoordinator('--fake-ip');
  const appId = natural(options.app, '--app');
  const ports = [...games.keys()].filter(isFakeIpPort).slice(0, MOST_PORTS);
  const coordinator = coordinatorAt(url, appId, () => keeper.grant?.token);
  const inquiry = new GameInquiry(game);
  const keeper: FakeIpKeeper = new FakeIpKeeper({
    ...{ clock, hosted, coordinator },
    ports: ports.length,
    facts: () => inquiry.facts(),
    onFailure: (message) => say(`FakeIP: ${message}`),
  });
  await keeper.start();
  const giver = new AutoTicketGiver({
    ...{ clock, identity, appId, ports, network },
    isOpen: () => keeper.isOpen,
    ticket: (client, virtualPort) => coordinator.autoTicket(client, virtualPort),
    signal: (to, payload) => signaling?.signal(to, payload),
  });
  const signaling =
    options.signaling === undefined
      ? undefined
      : new SignalingClient({
          ...{ clock, identity, ...signalingAt(options.signaling) },
          token: () => keeper.grant?.token,
          onSignal: (from, payload) => giver.signaled(from, payload),
        }).start();
  const { grant } = keeper;
  const fakeIp = grant === undefined ? null : `${grant.address}:${grant.ports[0]}`;
  return {
    said: { fakeIp },
    async close() {
      signaling?.close();
      await keeper.stop();
      await inquiry.close();
    },
  };
}
