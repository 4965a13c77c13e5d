import { PeerAddress } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { issueCertificate } from '../../../plugins/coordinator/sdr/certificate-issue.js';
import { CertificateStore } from '../../../plugins/coordinator/sdr/certificate-store.js';
import type {
  DirectMode,
  NetworkConfig,
} from '../../../plugins/coordinator/sdr/network-config-codec.js';
import { encodePopCode } from '../../../plugins/coordinator/sdr/pop-code-codec.js';
import { issueRelayTicket } from '../../../plugins/coordinator/sdr/relay-ticket.js';
import type { RelayTicket } from '../../../plugins/coordinator/sdr/relay-ticket-codec.js';
import { RouteKey, sealRoute } from '../../../plugins/coordinator/sdr/sealed-route.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';
import { ClientAgent } from '../../../plugins/datagram-relay/agent/client-agent.js';
import type { Connection } from '../../../plugins/datagram-relay/agent/connection.js';
import {
  PeerAgent,
  type PeerAgentOptions,
} from '../../../plugins/datagram-relay/agent/peer-agent.js';
import { ServerAgent } from '../../../plugins/datagram-relay/agent/server-agent.js';
import {
  RelayEngine,
  type RelayEngineOptions,
} from '../../../plugins/datagram-relay/relay-engine.js';
import { ExchangeKey } from '../../../plugins/datagram-relay/relay-keys.js';
import { viewOf } from '../../../plugins/datagram-relay/relay-network-view.js';
import { SimulatedNetwork } from './simulated-network.js';

export const APP = 480;
export const SERVER = 'str:server';
export const CLIENT = 'str:alice';
export const SECRET = 0x1122334455667788n;

/** POPs and the hosts of their relays. */
export type LabPops = Readonly<Record<string, readonly string[]>>;

/** A network of relays, keys and agents in one process, without sockets, on a clock that stands still. */
export class RelayLab {
  readonly clock = new FakeClock();
  readonly network = new SimulatedNetwork(this.clock);
  readonly root = SigningKey.generate();
  readonly routeKey = RouteKey.generate();
  readonly store: CertificateStore;
  readonly config: NetworkConfig;
  readonly relays = new Map<string, RelayEngine>();
  readonly received: { readonly port: number; readonly text: string; readonly from: string }[] = [];
  readonly servers: ServerAgent[] = [];
  readonly clients: ClientAgent[] = [];
  readonly peers = new Map<string, PeerAgent>();
  /** Signals that were sent, newest last; false of `passesSignal` loses one. */
  readonly signals: {
    readonly from: string;
    readonly to: string;
    readonly payload: Uint8Array;
  }[] = [];
  passesSignal: () => boolean = () => true;
  readonly stops: (() => void)[] = [];

  constructor(
    pops: LabPops,
    {
      pings = [],
      ranges = {},
      engine = {},
    }: {
      readonly pings?: readonly (readonly [string, string, number])[];
      readonly ranges?: Readonly<Record<string, readonly string[]>>;
      readonly engine?: Partial<RelayEngineOptions>;
    } = {},
  ) {
    this.store = new CertificateStore({ roots: [this.root.publicKey.bytes] });
    this.config = {
      revision: 1,
      pops: new Map(
        Object.entries(pops).map(([code, hosts]) => [
          code,
          {
            desc: code,
            partners: 1,
            tier: 0,
            aliases: [],
            groups: [],
            relays: hosts.map((ipv4) => ({ ipv4, portRange: [27000, 27000] as const, id: ipv4 })),
            serviceAddressRanges: ranges[code] ?? [],
          },
        ]),
      ),
      certificates: [],
      revokedKeys: [],
      relayPublicKey: this.routeKey.publicKey,
      p2pShareIp: {},
      typicalPings: pings,
      directMode: 'relay',
    };
    for (const [pop, hosts] of Object.entries(pops)) {
      for (const host of hosts) this.#addRelay(pop, host, engine);
    }
  }

  #addRelay(pop: string, host: string, options: Partial<RelayEngineOptions>): void {
    const address = `${host}:27000`;
    const view = viewOf(this.config, this.store, pop);
    const engine = new RelayEngine({
      clock: this.clock,
      send: (bytes, to) => this.network.send(bytes, address, to),
      key: ExchangeKey.fromText(this.routeKey.toPrivateText()),
      openRoute: (bytes) => this.routeKey.open(bytes),
      network: () => view,
      ownAddress: () => PeerAddress.parse(address),
      dev: false,
      maxLegs: 1024,
      ...options,
    });
    this.relays.set(host, engine);
    this.network.attach(address, (bytes, from) => {
      // As a driver does: a view into memory that the next datagram overwrites.
      const memory = Buffer.from(bytes);
      try {
        engine.receive(memory, from);
      } catch (error) {
        if ((error as Error).name !== 'DecodeError') throw error;
      }
      memory.fill(0xee);
    });
    this.stops.push(this.clock.every(1000, () => engine.sweep()));
  }

  unix(): number {
    return Math.floor(this.clock.now() / 1000);
  }

  credentials(
    identity: string,
    fields: { readonly pops?: readonly number[]; readonly apps?: readonly number[] } = {},
  ) {
    const key = SigningKey.generate();
    const certificate = issueCertificate(this.root, {
      publicKey: key.publicKey.bytes,
      createdAt: this.unix(),
      expiresAt: this.unix() + 86400,
      appIds: fields.apps ?? [APP],
      ...(fields.pops === undefined ? {} : { pops: fields.pops }),
      identity,
    });
    return { key, certificate };
  }

  ticket(server: string, fields: Partial<RelayTicket> = {}, pop = 'bbb'): Uint8Array {
    const route = { pop, address: PeerAddress.parse(server) as PeerAddress, secret: SECRET };
    return issueRelayTicket(
      this.root,
      [],
      {
        expiresAt: this.unix() + 3600,
        appId: APP,
        client: CLIENT,
        server: SERVER,
        extra: [],
        route: sealRoute(route, this.routeKey.publicKey),
        ...fields,
      },
      this.unix(),
    );
  }

  async server(
    host: string,
    {
      pop = 'bbb',
      ports = [0],
      certified = true,
    }: {
      readonly pop?: string;
      readonly ports?: readonly number[];
      readonly certified?: boolean;
    } = {},
    onConnection: (connection: Connection) => void = () => {},
  ): Promise<ServerAgent> {
    const agent = new ServerAgent({
      clock: this.clock,
      openSocket: this.network.host(host).open,
      listen: { port: 30000 },
      identity: SERVER,
      appId: APP,
      pop,
      ...(certified
        ? { credentials: this.credentials(SERVER, { pops: [encodePopCode(pop)] }) }
        : {}),
      routingSecret: SECRET,
      ports,
      network: () => ({ config: this.config, certificates: this.store }),
      accept: (connection) => {
        connection.listener = {
          onDatagram: (port, bytes) =>
            this.received.push({
              port,
              text: Buffer.from(bytes).toString(),
              from: connection.facts.remote,
            }),
        };
        onConnection(connection);
        return true;
      },
    });
    this.servers.push(await agent.start());
    return agent;
  }

  async client(
    host: string,
    ticket: () => Uint8Array,
    identity = CLIENT,
    { dev = false }: { readonly dev?: boolean } = {},
  ): Promise<{ readonly agent: ClientAgent; move(to: string): void }> {
    const own = this.network.host(host);
    const credentials = this.credentials(identity);
    const agent = new ClientAgent({
      clock: this.clock,
      openSocket: own.open,
      identity,
      appId: APP,
      network: () => ({ config: this.config, certificates: this.store }),
      credentials: async () => credentials,
      ticket: async () => ticket(),
      dev,
    });
    this.clients.push(await agent.start());
    return { agent, move: own.move };
  }

  /** A player's agent for connections to other players; signals take 20 ms. */
  async peer(
    host: string,
    identity: string,
    options: Partial<PeerAgentOptions> = {},
    mode: DirectMode = 'relay',
  ): Promise<PeerAgent> {
    const credentials = this.credentials(identity);
    const agent = new PeerAgent({
      clock: this.clock,
      openSocket: this.network.host(host).open,
      identity,
      appId: APP,
      network: () => ({ config: { ...this.config, directMode: mode }, certificates: this.store }),
      credentials: async () => credentials,
      signal: (to, payload) => {
        this.signals.push({ from: identity, to, payload });
        if (!this.passesSignal()) return;
        this.clock.after(20, () => this.peers.get(to)?.signaled(identity, payload));
      },
      ...options,
    });
    this.peers.set(identity, await agent.start());
    return agent;
  }

  async close(): Promise<void> {
    for (const stop of this.stops) stop();
    for (const peer of this.peers.values()) await peer.close();
    for (const client of this.clients) await client.close();
    for (const server of this.servers) await server.close();
  }
}
