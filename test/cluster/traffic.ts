import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { RelayClient } from 'beaconry/relay-client';
import { SteamClient } from 'beaconry/steam-client';
import { SystemClock } from '../../core/clock.js';
import { RemoteBackend } from '../../plugins/steam-backend/remote-backend.js';
import { newTicketKey } from '../../plugins/steam-backend/ticket-key.js';
import { eventually } from '../core/store/eventually.js';
import { silentLog } from '../core/store/silent-log.js';
import { openPipe, startGame } from '../plugins/vcmi-lobby/start-games.js';
import { JsonClient } from '../plugins/vcmi-lobby-json/json-client.js';
import type { DatagramTraffic } from './datagram-traffic.js';
import type { NodeProcess } from './node-process.js';

const ANY = '127.0.0.1:0';
const APP = 480;

/** What the traffic needs of each node. */
export const trafficPlugins = {
  'game-server': {},
  a2s: { rateLimit: 'off' },
  master: { verify: 'off', allowLoopback: true, ttl: '20s', rateLimit: 'off' },
  browser: { poll: { interval: '2s' } },
  bans: {},
  'steam-backend': { accounts: 'open', freeApps: 'all', offlineGrace: '2s' },
  'vcmi-lobby': { perAddressLimit: 0, capacity: 500 },
  'vcmi-lobby-json': { perAddressLimit: 0 },
  relay: { perAddressLimit: 0 },
  signaling: { requireAuth: false },
};
export const trafficEndpoints = {
  game: { udp: ANY },
  master: { udp: ANY },
  lobby: { tcp: ANY },
  'lobby-json': { tcp: ANY },
  relay: { tcp: ANY },
  signaling: { tcp: ANY },
};
let gamers = 0;

/** Of all nodes, so that each believes the tickets of the others. */
export const ticketKeys = (): Readonly<Record<string, string>> => ({
  'steam-ticket.key': String(newTicketKey().privateKey.export({ type: 'pkcs8', format: 'pem' })),
});

/** Every kind of traffic at once between two nodes; each kind goes round and round. */
export class Traffic {
  readonly done: Record<string, number> = {};
  readonly failed: Record<string, number> = {};
  /** Why a round of that kind failed last. */
  readonly reasons: Record<string, string> = {};
  #games = 0;
  #gamer: JsonClient | undefined;
  #accountKeys: readonly string[] = [];

  constructor(
    private readonly node: NodeProcess,
    private readonly other: NodeProcess,
    private readonly datagrams?: DatagramTraffic,
  ) {}

  async run(seconds: number, eachSecond: () => Promise<void>): Promise<void> {
    const end = performance.now() + seconds * 1000;
    const kinds: Record<string, () => Promise<void>> = {
      a2s: () => this.#queries(),
      master: () => this.#heartbeats(),
      page: () => this.#reader(),
      lobby: () => this.#game(),
      'lobby-json': () => this.#login(),
      relay: () => this.#relayed(),
      signaling: () => this.#signals(),
      auth: () => this.#ticket(),
      strangers: () => this.#strangers(),
    };
    const { datagrams } = this;
    if (datagrams !== undefined) kinds['datagram-relay'] = () => datagrams.round();
    const loops = Object.entries(kinds).map(async ([kind, round]) => {
      while (performance.now() < end) {
        try {
          await withLimit(round(), 8000);
          this.done[kind] = (this.done[kind] ?? 0) + 1;
        } catch (error) {
          this.reasons[kind] = error instanceof Error ? error.message : String(error);
          this.failed[kind] = (this.failed[kind] ?? 0) + 1;
          await pause(50);
        }
        await pause(10);
      }
    });
    while (performance.now() < end) {
      await pause(1000);
      await eachSecond();
    }
    await Promise.all(loops);
  }

  async #queries(): Promise<void> {
    await withUdp(async (socket) => {
      for (let i = 0; i < 50; i++) {
        const question = Buffer.from('\xff\xff\xff\xffTSource Engine Query\0', 'latin1');
        const [challenge] = await exchange(socket, question, this.node.at('game'));
        const proven = Buffer.concat([question, (challenge as Buffer).subarray(5, 9)]);
        await exchange(socket, proven, this.node.at('game'));
      }
    });
  }

  async #heartbeats(): Promise<void> {
    await withUdp(async (socket) => {
      const [answer] = await exchange(socket, Buffer.from('q'), this.node.at('master'));
      const challenge = (answer as Buffer).readInt32LE(6);
      const said = `0\n\\protocol\\7\\challenge\\${challenge}\\players\\1\\max\\8\\gamedir\\cstrike\\map\\x\\product\\cstrike\\version\\1\n`;
      // Joins at the other node with the challenge of this one.
      socket.send(said, ...split(this.other.at('master')));
      const list = Buffer.from('1\xff0.0.0.0:0\0\0', 'latin1');
      await exchange(socket, list, this.node.at('master'));
    });
  }

  async #reader(): Promise<void> {
    const controller = new AbortController();
    const base = `http://${this.node.at('http')}`;
    await (await fetch(`${base}/v1/servers`)).text();
    const events = await fetch(`${base}/v1/servers/events`, { signal: controller.signal });
    await pause(200);
    controller.abort();
    await events.text().catch(() => {});
  }

  async #game(): Promise<void> {
    const [here, there] = [portOf(this.node.at('lobby')), portOf(this.other.at('lobby'))];
    const pair = await startGame(here, this.#games++, there);
    const sockets = await openPipe(here, pair, there);
    const [server, client] = sockets;
    client.resume();
    await new Promise<void>((resolve) => server.write(randomBytes(65_536), () => resolve()));
    for (const socket of sockets) socket.destroy();
  }

  async #relayed(): Promise<void> {
    let heard = 0;
    const one = await RelayClient.connect(`tcp://${this.node.at('relay')}`, {
      signal: AbortSignal.timeout(3000),
      onMessage: () => heard++,
    });
    try {
      const other = await RelayClient.connect(`ws://${this.other.at('http')}/v1/relay/ws`, {
        signal: AbortSignal.timeout(3000),
      });
      for (let i = 0; i < 50; i++) other.send(one.id, `word ${i}`);
      await eventually(() => heard === 50, 3).finally(() => other.close());
    } finally {
      one.close();
    }
  }

  async #signals(): Promise<void> {
    const socket = connect(portOf(this.node.at('signaling')), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    // Budgets of those who were here are remembered, for many but not without end.
    socket.write(`str:peer${this.#games % 64}\nstr:nobody 616263\n`);
    await pause(50);
    socket.destroy();
  }

  /** Registers at one node once, and logs in at the other. */
  async #login(): Promise<void> {
    const [here, there] = [portOf(this.node.at('lobby-json')), portOf(this.other.at('lobby-json'))];
    const pass = () => pause(5);
    if (this.#gamer === undefined) {
      const first = await JsonClient.open(here, pass);
      try {
        await first.register(`Gamer${++gamers}`);
        this.#gamer = first;
      } finally {
        first.socket.destroy();
      }
    }
    const client = await JsonClient.open(there, pass);
    try {
      client.as(this.#gamer).login();
      await client.hears('clientLoginSuccess');
      await client.sync();
    } finally {
      client.socket.destroy();
    }
  }

  /** A ticket that was made at one node is verified at the other. */
  async #ticket(): Promise<void> {
    const clock = new SystemClock();
    const backends = [this.node, this.other].map(
      (node) => new RemoteBackend(`ws://${node.at('http')}/v1/backend`, clock),
    );
    const clients: SteamClient[] = [];
    try {
      if (this.#accountKeys.length === 0) this.#accountKeys = await accountKeys(backends);
      for (const [i, backend] of backends.entries()) {
        const client = new SteamClient({ backend, clock, log: silentLog });
        clients.push(client);
        await client.logOn({ accountKey: this.#accountKeys[i] ?? '' });
      }
      const [player, verifier] = clients as [SteamClient, SteamClient];
      const { steamId } = player;
      const { bytes } = await player.getAuthSessionTicket(APP);
      const begun = verifier.beginAuthSession(bytes, steamId, APP);
      if (begun !== 0) throw new Error(`the ticket was refused: ${begun}`);
      const { response } = await verifier.waitForVerdict(steamId, 4000);
      if (response !== 0) throw new Error(`the verdict was ${response}`);
      verifier.endAuthSession(steamId);
      for (const client of clients) await client.logOff();
    } finally {
      for (const client of clients) client.close();
      for (const backend of backends) backend.close();
    }
  }

  /** Bytes that mean nothing, connections that say nothing and ones that end in the middle. */
  async #strangers(): Promise<void> {
    await withUdp(async (socket) => {
      const udp = ['game', 'master', 'datagrams'].filter((name) => this.node.at(name) !== '');
      for (const endpoint of udp) {
        for (let i = 0; i < 20; i++) {
          socket.send(randomBytes(1 + (i % 64) * 20), ...split(this.node.at(endpoint)));
        }
      }
    });
    for (const endpoint of ['lobby', 'lobby-json', 'relay', 'signaling', 'http']) {
      const socket = connect(portOf(this.node.at(endpoint)), '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(randomBytes(32));
      setTimeout(() => socket.destroy(), 300);
    }
  }
}

async function accountKeys(backends: readonly RemoteBackend[]): Promise<string[]> {
  const keys: string[] = [];
  for (const backend of backends) {
    const { account } = await backend.createAccount('127.0.0.1', 'traffic');
    if (account === undefined) throw new Error('no account was made');
    keys.push(account.accountKey);
  }
  return keys;
}

async function withUdp(work: (socket: UdpSocket) => Promise<void>): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  try {
    await work(socket);
    await pause(5);
  } finally {
    socket.close();
  }
}

async function exchange(socket: UdpSocket, bytes: Buffer, to: string): Promise<unknown[]> {
  socket.send(bytes, ...split(to));
  return once(socket, 'message', { signal: AbortSignal.timeout(1000) });
}

const split = (address: string): [number, string] => [portOf(address), '127.0.0.1'];
const portOf = (address: string): number => Number(address.split(':').at(-1));
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

async function withLimit<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), ms);
  });
  work.catch(() => {});
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
