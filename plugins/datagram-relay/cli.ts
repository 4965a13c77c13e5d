import { type CliExtension, messageOf, PeerAddress, ServerError, SystemClock } from 'beaconry';
import { decodeBase64 } from '../coordinator/sdr/armour-codec.js';
import { decodeCertificateText } from '../coordinator/sdr/certificate-codec.js';
import { HostedServer } from '../coordinator/sdr/hosted-server.js';
import {
  readDevTicket,
  readHostedServerEnvironment,
} from '../coordinator/sdr/hosted-server-environment.js';
import type { NetworkConfigCache } from '../coordinator/sdr/network-config-cache.js';
import { decodePublicLine } from '../coordinator/sdr/openssh-key-codec.js';
import { type Credentials, PlayerCredentials } from '../coordinator/sdr/player-credentials.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
  MAX_SIGNED_TICKET,
} from '../coordinator/sdr/relay-ticket-codec.js';
import { SigningKey } from '../coordinator/sdr/signing-key.js';
import { TicketCache } from '../coordinator/sdr/ticket-cache.js';
import { openUdpSocket } from './agent/agent-socket.js';
import { ClientAgent, type TrustedNetwork } from './agent/client-agent.js';
import { ServerAgent } from './agent/server-agent.js';
import { ClientForwarder } from './forward/client-forwarder.js';
import { CoordinatorClient, type FakeIpTicket } from './forward/coordinator-client.js';
import { ServerForwarder } from './forward/server-forwarder.js';
import { openNetworkConfig, readText } from './network-source.js';

interface NetworkOptions {
  readonly app: string;
  readonly coordinator?: string;
  readonly config?: string;
  readonly root: readonly string[];
}
interface ClientOptions extends NetworkOptions {
  readonly to: string;
  readonly listen: string;
  readonly identity: string;
  readonly ticket?: string;
  readonly key?: string;
  readonly cert?: string;
  readonly cache?: string;
  readonly virtualPort: string;
}
interface ServerOptions extends NetworkOptions {
  readonly game: string;
  readonly ports?: string;
  readonly identity: string;
}

/** Virtual port of the first port of a global FakeIP (sdr section 11). */
const FIRST_GLOBAL_PORT = 0x7fffff00;

const clock = new SystemClock();
const all = (value: string, others: readonly string[]) => [...others, value];
const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** `beaconry forward client|server`: an unmodified UDP game uses the datagram relay. */
const forwardCommands: CliExtension = (program) => {
  const forward = program
    .command('forward')
    .description('local UDP forwarders over the datagram relay');
  forward
    .command('client')
    .description('a local UDP port that stands for a hosted server')
    .requiredOption(
      '--to <identity|fakeip:port>',
      'server, such as str:server or 169.254.3.7:30001',
    )
    .requiredOption('--listen <host:port>', 'loopback address for the game', '127.0.0.1:27015')
    .requiredOption('--app <id>', 'app id')
    .requiredOption('--identity <identity>', 'own identity, such as str:alice')
    .option(
      '--ticket <file>',
      'signed relay ticket; else SDR_DEVTICKET, the cache, or the coordinator',
    )
    .option('--key <file>', 'own private key (OpenSSH)')
    .option('--cert <file>', 'own certificate')
    .option(
      '--coordinator <url>',
      'coordinator; the token of the player is read from BEACONRY_TOKEN',
    )
    .option('--config <file>', 'local copy of the network config')
    .option('--root <line|file>', 'public line of a root key; repeatable', all, [])
    .option('--cache <file>', 'keeps tickets for a reconnect without the coordinator')
    .option('--virtual-port <n>', 'virtual port of the server', '0')
    .action(runClient);
  forward
    .command('server')
    .description(
      'joins players that relays bring, each as a loopback address of its own; SDR_* variables set it up',
    )
    .requiredOption('--game <host:port>', 'UDP address of the game', '127.0.0.1:27015')
    .option(
      '--ports <name=port,...>',
      'ports of the game for virtual ports 0, 1, ...; default that of --game',
    )
    .requiredOption('--app <id>', 'app id')
    .requiredOption('--identity <identity>', 'identity of the server, such as str:server')
    .option('--coordinator <url>', 'coordinator to sign on at')
    .option('--config <file>', 'local copy of the network config')
    .option('--root <line|file>', 'public line of a root key; repeatable', all, [])
    .action(runServer);
};
export default forwardCommands;

async function runClient(options: ClientOptions): Promise<void> {
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
  const token = process.env.BEACONRY_TOKEN;
  const coordinator =
    options.coordinator === undefined
      ? undefined
      : new CoordinatorClient(options.coordinator, token);
  const cache =
    options.cache === undefined ? undefined : await TicketCache.open(options.cache, clock);
  const credentials = await credentialsOf(options, appId, coordinator);
  const given = await givenTicket(options);
  let server = options.to;
  let auto: FakeIpTicket | undefined;
  const fake = PeerAddress.parse(options.to);

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
      if (fake !== undefined) {
        if (auto === undefined) throw needsCoordinator('a FakeIP');
        return auto.ticket;
      }
      const cached = cache?.find(identity, wanted);
      if (cached !== undefined) return cached.bytes;
      if (coordinator === undefined) throw needsCoordinator('a ticket that is not given');
      const fresh = await coordinator.ticket(appId, identity, wanted);
      await cache?.add(fresh);
      return fresh;
    },
  }).start();
  const forwarder = await new ClientForwarder({
    clock,
    openSocket: openUdpSocket,
    listen,
    virtualPort,
    connect: async (ports) => {
      if (fake !== undefined && given === undefined) {
        if (coordinator === undefined) throw needsCoordinator('a FakeIP');
        auto = await coordinator.fakeIpTicket(fake.toString(), appId);
        const { virtualPort: fakePort } = auto;
        return agent.connect(
          auto.identity,
          ports.map(() => fakePort),
        );
      }
      if (given !== undefined && fake !== undefined) {
        server = decodeRelayTicket(decodeSignedRelayTicket(given).ticket).server;
      }
      return agent.connect(server, ports);
    },
    onFailure: (message) => say(`connection to ${options.to}: ${message}`),
  }).start();
  process.stdout.write(
    `beaconry forward ready ${JSON.stringify({ listen: `${listen.host}:${forwarder.port}`, to: options.to })}\n`,
  );
  await stopped();
  await forwarder.close();
  await agent.close();
  network.stop();
}

async function runServer(options: ServerOptions): Promise<void> {
  const appId = natural(options.app, '--app');
  const game = addressOf(options.game, '--game');
  const games = gamesOf(game, options.ports);
  const settings = readHostedServerEnvironment(process.env);
  if (settings === undefined) {
    throw new ServerError('USAGE', 'set SDR_LISTEN_PORT: the UDP port for traffic from relays');
  }
  const file = options.config ?? settings.networkConfigFile;
  const { cache: network, trusted } = await networkOf(
    { ...options, ...(file === undefined ? {} : { config: file }) },
    appId,
  );
  const { identity } = options;
  const hosted = new HostedServer(settings, {
    appId,
    identity,
    clock,
    certificates: () => network.certificates,
  });
  const forwarder = new ServerForwarder({ clock, openSocket: openUdpSocket, games });
  const agent = await new ServerAgent({
    clock,
    openSocket: openUdpSocket,
    listen: { port: settings.listenPort },
    identity,
    appId,
    pop: settings.pop,
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    // Without a coordinator tickets are made by hand, and nobody told their maker a secret.
    routingSecret: options.coordinator === undefined ? 0n : hosted.routingSecret,
    ports: [...games.keys()],
    network: trusted,
    accept: (connection) => forwarder.accept(connection),
  }).start();
  let stopLogin: (() => void) | undefined;
  if (options.coordinator !== undefined) {
    const coordinator = new CoordinatorClient(options.coordinator, process.env.BEACONRY_TOKEN);
    const login = async (): Promise<void> => {
      try {
        await coordinator.loginServer(hosted.login());
      } catch (error) {
        say(`sign-on at the coordinator: ${messageOf(error)}`);
      }
    };
    await login();
    stopLogin = clock.every(60_000, () => void login());
  }
  process.stdout.write(
    `beaconry forward ready ${JSON.stringify({ port: agent.port, game: String(game), identity })}\n`,
  );
  await stopped();
  stopLogin?.();
  await agent.close();
  await forwarder.close();
  network.stop();
}

async function networkOf(
  options: NetworkOptions,
  appId: number,
): Promise<{
  readonly cache: NetworkConfigCache;
  readonly trusted: () => TrustedNetwork | undefined;
}> {
  const rootKeys: string[] = [];
  for (const root of options.root) {
    rootKeys.push(root.startsWith('ssh-') ? root : (await readText(root, '--root')).trim());
  }
  const cache = await openNetworkConfig({
    clock,
    rootKeys,
    appId,
    ...(options.config === undefined ? {} : { file: options.config }),
    ...(options.coordinator === undefined ? {} : { coordinator: options.coordinator }),
    onFailure: (message) => {
      if (options.coordinator !== undefined) say(`network config is not refreshed: ${message}`);
    },
  });
  const trusted = (): TrustedNetwork | undefined =>
    cache.config === undefined
      ? undefined
      : { config: cache.config, certificates: cache.certificates };
  return { cache, trusted };
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

async function givenTicket(options: ClientOptions): Promise<Uint8Array | undefined> {
  if (options.ticket === undefined) return readDevTicket(process.env);
  return decodeBase64(await readText(options.ticket, '--ticket'), MAX_SIGNED_TICKET);
}

function gamesOf(game: PeerAddress, ports: string | undefined): ReadonlyMap<number, PeerAddress> {
  const entries = ports === undefined ? [`game=${game.port}`] : ports.split(',');
  return new Map(
    entries.flatMap((entry, index) => {
      const port = /^[\w-]+=(\d{1,5})$/.exec(entry.trim())?.[1];
      if (port === undefined || Number(port) > 65535) {
        throw new ServerError('USAGE', `--ports: "${entry}" is not name=port`);
      }
      const address = PeerAddress.of(game.host, Number(port));
      // The same port as players find it by FakeIP.
      return [
        [index, address],
        [FIRST_GLOBAL_PORT + index, address],
      ] as const;
    }),
  );
}

function natural(text: string, option: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value <= 0xffffffff) return value;
  throw new ServerError('USAGE', `${option} "${text}" is not a number`);
}

function addressOf(text: string, option: string): PeerAddress {
  const address = PeerAddress.parse(text);
  if (address !== undefined) return address;
  throw new ServerError('USAGE', `${option} "${text}" is not host:port`);
}

const needsCoordinator = (what: string): ServerError =>
  new ServerError('USAGE', `${what} needs --coordinator`);

const stopped = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
