import { PeerAddress, ServerError } from 'beaconry';
import { decodeBase64 } from '../../coordinator/sdr/armour-codec.js';
import { decodeCertificateText } from '../../coordinator/sdr/certificate-codec.js';
import type { CoordinatorClient } from '../../coordinator/sdr/coordinator-client.js';
import { readDevTicket } from '../../coordinator/sdr/hosted-server-environment.js';
import { decodePublicLine } from '../../coordinator/sdr/openssh-key-codec.js';
import { type Credentials, PlayerCredentials } from '../../coordinator/sdr/player-credentials.js';
import { MAX_SIGNED_TICKET } from '../../coordinator/sdr/relay-ticket-codec.js';
import { SigningKey } from '../../coordinator/sdr/signing-key.js';
import { TicketCache } from '../../coordinator/sdr/ticket-cache.js';
import { openUdpSocket } from '../agent/agent-socket.js';
import { ClientAgent } from '../agent/client-agent.js';
import type { TrustedNetwork } from '../agent/relay-access.js';
import { readTicketWay, suitsMode } from '../agent/ticket-way.js';
import { readText } from '../network-source.js';
import { autoTicketsOf } from './auto-ticket-source.js';
import { ClientForwarder } from './client-forwarder.js';
import {
  addressOf,
  clock,
  coordinatorAt,
  type NetworkOptions,
  natural,
  needsCoordinator,
  networkOf,
  say,
  stopped,
} from './command-options.js';

export interface ClientOptions extends NetworkOptions {
  readonly to: string;
  readonly listen: string;
  readonly identity: string;
  readonly ticket?: string;
  readonly key?: string;
  readonly cert?: string;
  readonly cache?: string;
  readonly signaling?: string;
  readonly virtualPort: string;
}

/** `beaconry forward client`. */
export async function runClient(options: ClientOptions): Promise<void> {
  const appId = natural(options.app, '--app');
  const listen = addressOf(options.listen, '--listen');
  if (!listen.host.startsWith('127.') && listen.host !== '::1') {
    throw new ServerError(
      'USAGE',
      '--listen must be a loopback address: anybody could play through it',
    );
  }
  const virtualPort = natural(options.virtualPort, '--virtual-port');
  const { cache: network, trusted } = await networkOf(options, appId);
  const coordinator =
    options.coordinator === undefined ? undefined : coordinatorAt(options.coordinator, appId);
  const cache =
    options.cache === undefined ? undefined : await TicketCache.open(options.cache, clock);
  const credentials = await credentialsOf(options, appId, coordinator);
  const given = await givenTicket(options);
  const fake = PeerAddress.parse(options.to);
  if (fake !== undefined && options.ticket !== undefined) {
    throw new ServerError('USAGE', '--ticket leads to no FakeIP: its server is asked for one');
  }
  const auto =
    fake === undefined ? undefined : autoTicketsOf(options, fake, credentials, coordinator);

  const agent = await new ClientAgent({
    clock,
    openSocket: openUdpSocket,
    identity: options.identity,
    appId,
    network: trusted,
    credentials,
    dev: true,
    ticket: async (identity, wanted) => {
      if (given !== undefined) return given;
      const cached = cache?.find(identity, wanted);
      if (cached !== undefined && isOfUse(cached.bytes, trusted())) return cached.bytes;
      if (coordinator === undefined) throw needsCoordinator('a ticket that is not given');
      const fresh = await coordinator.ticket(identity, wanted);
      await cache?.add(fresh);
      return fresh;
    },
    ...(auto === undefined ? {} : { autoTicket: (server, port) => auto.request(server, port) }),
  }).start();
  const forwarder = await new ClientForwarder({
    clock,
    openSocket: openUdpSocket,
    listen,
    virtualPort,
    connect: async (ports) => {
      if (auto === undefined) return agent.connect(options.to, ports);
      const { identity, virtualPort: fakePort } = await auto.target();
      return agent.connect(
        identity,
        ports.map(() => fakePort),
      );
    },
    onFailure: (message) => say(`connection to ${options.to}: ${message}`),
  }).start();
  process.stdout.write(
    `beaconry forward ready ${JSON.stringify({ listen: `${listen.host}:${forwarder.port}`, to: options.to })}\n`,
  );
  await stopped();
  await forwarder.close();
  await agent.close();
  auto?.close();
  network.stop();
}

async function credentialsOf(
  options: ClientOptions,
  appId: number,
  coordinator: CoordinatorClient | undefined,
): Promise<() => Promise<Credentials>> {
  if (options.key !== undefined && options.cert !== undefined) {
    const key = SigningKey.fromText(await readText(options.key, '--key'), options.key);
    const certificate = decodeCertificateText(await readText(options.cert, '--cert'));
    return async () => ({ key, certificate });
  }
  if (coordinator === undefined) throw needsCoordinator('no --key and --cert');
  const player = new PlayerCredentials({
    appId,
    identity: options.identity,
    roots: options.root.map((line) => decodePublicLine(line)),
    clock,
    signon: (request) => coordinator.signon(request),
  });
  return () => player.forHandshake();
}

/** Tickets that were made before the network changed its mode are replaced. */
function isOfUse(ticket: Uint8Array, network: TrustedNetwork | undefined): boolean {
  const mode = network?.config.directMode ?? 'relay';
  return suitsMode(readTicketWay(ticket, undefined), mode);
}

async function givenTicket(options: ClientOptions): Promise<Uint8Array | undefined> {
  if (options.ticket === undefined) return readDevTicket(process.env);
  return decodeBase64(await readText(options.ticket, '--ticket'), MAX_SIGNED_TICKET);
}
