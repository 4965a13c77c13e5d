import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SystemClock } from '../../core/clock.js';
import { decodeCertificateText } from '../../plugins/coordinator/sdr/certificate-codec.js';
import { CertificateStore } from '../../plugins/coordinator/sdr/certificate-store.js';
import { decodeNetworkConfig } from '../../plugins/coordinator/sdr/network-config-codec.js';
import type { Credentials } from '../../plugins/coordinator/sdr/player-credentials.js';
import { SigningKey } from '../../plugins/coordinator/sdr/signing-key.js';
import {
  ClientAgent,
  ConnectionState,
  openUdpSocket,
  ServerAgent,
  type TrustedNetwork,
} from '../../plugins/datagram-relay/agent/index.js';
import { eventually } from '../core/store/eventually.js';
import { freePorts } from '../end-to-end/free-ports.js';
import { ForwardLab } from '../plugins/datagram-relay/forward-lab.js';

const POP = 'bbb';
const packets = 50;

/** A game server behind two datagram relays, one on each node, and players who come and go. */
export class DatagramTraffic {
  readonly #clock = new SystemClock();
  readonly #lab = new ForwardLab();
  readonly #config: string;
  readonly #network: TrustedNetwork;
  readonly #player: Credentials;
  #server: ServerAgent | undefined;

  private constructor(private readonly ports: readonly number[]) {
    const relays = ports.map((port) => ({ ipv4: '127.0.0.1', port, pop: POP }));
    this.#config = this.#lab.config(relays, ['127.0.0.0/8'], [], POP);
    this.#network = {
      config: decodeNetworkConfig(readFileSync(this.#config, 'utf8')),
      certificates: new CertificateStore({ roots: [this.#lab.root.publicKey.bytes] }),
    };
    this.#player = this.#credentials('str:alice');
  }

  static async open(): Promise<DatagramTraffic> {
    return new DatagramTraffic(await freePorts(2, 'udp'));
  }

  /** Plugins and endpoints of the relay on that node. */
  relay(node: number): { readonly plugins: object; readonly endpoints: object } {
    return {
      plugins: {
        'datagram-relay': {
          ...{ pop: POP, networkConfig: this.#config, rootKeys: [this.#lab.rootLine] },
          ...{ routeKey: this.#lab.routeKeyFile, drainTime: '0s', idle: '5s' },
          ...{ opensPerMinute: 100_000, maxLegs: 4096 },
        },
      },
      endpoints: { datagrams: { udp: `127.0.0.1:${this.ports[node]}` } },
    };
  }

  /** The game server registers at both relays. */
  async start(): Promise<void> {
    this.#server = await new ServerAgent({
      ...{ clock: this.#clock, openSocket: openUdpSocket, listen: { host: '127.0.0.1', port: 0 } },
      ...{ identity: 'str:server', appId: this.#lab.appId, pop: POP, routingSecret: 0n },
      credentials: this.#credentials('str:server', POP),
      ports: [0],
      network: () => this.#network,
      accept: (connection) => {
        connection.listener = { onDatagram: (port, bytes) => connection.send(port, bytes) };
        return true;
      },
    }).start();
    await eventually(() => this.#server?.registeredAt.length === this.ports.length, 15);
  }

  /** A player comes, hears the echo of what he says, and leaves. */
  async round(): Promise<void> {
    const ticket = this.#lab.ticket(`127.0.0.1:${this.#server?.port}`);
    const agent = await new ClientAgent({
      ...{ clock: this.#clock, openSocket: openUdpSocket, identity: 'str:alice' },
      appId: this.#lab.appId,
      network: () => this.#network,
      credentials: async () => this.#player,
      ticket: async () => new Uint8Array(Buffer.from(readFileSync(ticket, 'utf8'), 'base64')),
    }).start();
    try {
      const connection = await agent.connect('str:server');
      let heard = 0;
      connection.listener = { onDatagram: () => heard++ };
      await eventually(() => connection.state === ConnectionState.connected);
      for (let i = 0; i < packets; i++) {
        connection.send(0, randomBytes(200));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await eventually(() => heard >= packets * 0.8, 2);
      connection.close(1000, 'enough');
    } finally {
      await agent.close();
    }
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#lab.close();
  }

  #credentials(identity: string, pop?: string): Credentials {
    const { key, cert } = this.#lab.credentials(identity, pop);
    return {
      key: SigningKey.fromText(readFileSync(key, 'utf8'), key),
      certificate: decodeCertificateText(readFileSync(cert, 'utf8')),
    };
  }
}
