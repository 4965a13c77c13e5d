import { messageOf, PeerAddress, ServerError } from 'beaconry';
import { GLOBAL_PORT } from 'beaconry/plugins/fake-ip';
import { HostedServer } from '../../coordinator/sdr/hosted-server.js';
import { readHostedServerEnvironment } from '../../coordinator/sdr/hosted-server-environment.js';
import { openUdpSocket } from '../agent/agent-socket.js';
import { ServerAgent } from '../agent/server-agent.js';
import {
  addressOf,
  clock,
  coordinatorAt,
  type NetworkOptions,
  natural,
  networkOf,
  say,
  stopped,
} from './command-options.js';
import { fakeIpFront } from './fake-ip-front.js';
import { ServerForwarder } from './server-forwarder.js';

export interface ServerOptions extends NetworkOptions {
  readonly game: string;
  readonly ports?: string;
  readonly identity: string;
  readonly fakeIp?: true;
  readonly signaling?: string;
}

/** `beaconry forward server`. */
export async function runServer(options: ServerOptions): Promise<void> {
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
  const front = await fakeIpFront(options, hosted, games, trusted);
  let stopLogin: (() => void) | undefined;
  if (options.coordinator !== undefined) {
    const coordinator = coordinatorAt(options.coordinator, appId);
    const login = async (): Promise<void> => {
      try {
        await coordinator.login(hosted.login());
      } catch (error) {
        say(`sign-on at the coordinator: ${messageOf(error)}`);
      }
    };
    await login();
    stopLogin = clock.every(60_000, () => void login());
  }
  process.stdout.write(
    `beaconry forward ready ${JSON.stringify({ port: agent.port, game: String(game), identity, ...front?.said })}\n`,
  );
  await stopped();
  stopLogin?.();
  await front?.close();
  await agent.close();
  await forwarder.close();
  network.stop();
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
        [GLOBAL_PORT + index, address],
      ] as const;
    }),
  );
}
