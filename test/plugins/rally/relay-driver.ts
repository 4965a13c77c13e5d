import { SystemClock } from 'beaconry';
import { type OpenAgentSocket, openUdpSocket, PlayerNetwork } from 'beaconry/relay-agent';
import { CarsAhead } from '../../../plugins/rally/cars-ahead.js';
import { readRally } from '../../../plugins/rally/definition.js';
import { DriverBot, type Pace } from '../../../plugins/rally/driver-bot.js';
import { layOut } from '../../../plugins/rally/itinerary.js';
import { RallyClient } from '../../../plugins/rally/rally-client.js';
import { RelayedPeers } from '../../../plugins/rally/relayed-peers.js';
import { directWay, type ServerWay } from '../../../plugins/rally/server-way.js';
import { APP, type Player, type RelayPlatform } from './relay-platform.js';

const clock = new SystemClock();

/** What `beaconry rally drive` is made of, in this process: the test sees its sockets and may let it lie. */
export class RelayDriver {
  /** Changes what is told to those who follow. */
  lie: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  #stop: (() => void) | undefined;

  private constructor(
    readonly client: RallyClient,
    readonly ahead: CarsAhead,
    readonly peers: RelayedPeers,
    /** `host:port` that sent something to the socket of its sessions with others. */
    readonly heardFrom: ReadonlySet<string>,
    readonly failures: readonly string[],
    private readonly network: PlayerNetwork,
    private readonly way: ServerWay,
  ) {}

  static async start(
    platform: RelayPlatform,
    player: Player,
    folder: string,
    number: number,
    server: string,
    pace: Pace,
  ): Promise<RelayDriver> {
    const { steamId, token } = player;
    const definition = readRally(folder);
    const heardFrom = new Set<string>();
    const failures: string[] = [];
    const network = await PlayerNetwork.join({
      ...{ clock, coordinator: platform.url, rootKeys: [platform.root], appId: APP, token },
      identity: `steamid:${steamId}`,
    });
    const [host = '', port] = platform.signaling.split(':');
    const openSocket: OpenAgentSocket = (heard, options) =>
      openUdpSocket((bytes, from) => {
        heardFrom.add(`${from}`);
        heard(bytes, from);
      }, options);
    const peers = await RelayedPeers.open({
      ...{ clock, network, appId: APP, steamId, token, openSocket },
      signaling: { host, port: Number(port) },
      entered: new Set(definition.entries.map(({ driverId }) => driverId)),
      onFailure: (_, why) => failures.push(why),
    });
    const ticket = await platform.ticketOf(player);
    const way = await directWay(server, (bytes) => client.receive(bytes));
    const ahead = new CarsAhead(definition.entries);
    const client: RallyClient = new RallyClient({
      ...{ number, steamId, carsHash: definition.carsHash, password: '', ahead },
      roadbookHashes: [...definition.roadbooks.values()].map(({ hash }) => hash),
      gameVersion: definition.rally.gameVersion,
      ticket: Buffer.from(ticket, 'hex'),
      send: (bytes) => way.send(bytes),
      now: () => clock.monotonic(),
      peers: {
        follow: (cars) => peers.follow(cars),
        tell: (bytes) => peers.tell(driver.lie(bytes)),
        set onPosition(heard: RelayedPeers['onPosition']) {
          peers.onPosition = heard;
        },
        get onPosition() {
          return peers.onPosition;
        },
      },
    });
    const bot = new DriverBot(client, definition, layOut(definition), pace);
    const driver = new RelayDriver(client, ahead, peers, heardFrom, failures, network, way);
    driver.#stop = clock.every(50, () => bot.drive());
    return driver;
  }

  /** Cars ahead as this driver sees them now. */
  see() {
    return this.ahead.read(clock.monotonic());
  }

  /** Gone without a goodbye to anybody: what its computer does when it is switched off. */
  async vanish(): Promise<void> {
    this.#stop?.();
    this.network.close();
    await Promise.all([this.peers.close(), this.way.close()]);
  }
}
