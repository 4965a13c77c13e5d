import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { RelayClient } from 'beaconry/relay-client';
import { SteamClient } from 'beaconry/steam-client';
import { SystemClock } from '../../core/clock.js';
import { RemoteBackend } from '../../plugins/steam-backend/remote-backend.js';
import { eventually } from '../core/store/eventually.js';
import { RedisProcess } from '../core/store/redis-process.js';
import { silentLog } from '../core/store/silent-log.js';
import { openPipe, startGame } from '../plugins/vcmi-lobby/start-games.js';
import { NodeProcess } from './node-process.js';

const ANY = '127.0.0.1:0';
const plugins = {
  'game-server': {},
  a2s: { rateLimit: 'off' },
  master: { verify: 'off', allowLoopback: true, ttl: '20s', rateLimit: 'off' },
  browser: { poll: { interval: '2s' } },
  bans: {},
  'steam-backend': { accounts: 'open', freeApps: 'all' },
  'vcmi-lobby': { perAddressLimit: 0, capacity: 500 },
  relay: { perAddressLimit: 0 },
  signaling: { requireAuth: false },
};
const endpoints = {
  game: { udp: ANY },
  master: { udp: ANY },
  lobby: { tcp: ANY },
  relay: { tcp: ANY },
  signaling: { tcp: ANY },
};

export interface SoakResult {
  /** MiB at the end of each second of traffic. */
  readonly rss: readonly number[];
  readonly descriptorsBefore: number;
  readonly descriptorsAfter: number;
  readonly tablesAfter: Readonly<Record<string, number>>;
  /** Rounds of each kind of traffic that came to their end, and that failed, as they may while something is broken. */
  readonly done: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  readonly log: string;
  readonly alive: boolean;
}

/** Everything at once on two nodes and one redis, with faults all the time, then quiet. */
export async function runEverything(
  seconds: number,
  quiet: number,
  settle = 30,
): Promise<SoakResult> {
  const redis = await RedisProcess.start();
  const nodes = ['north', 'south'].map((name) => new NodeProcess(name, redis, plugins, endpoints));
  const [node, other] = nodes as [NodeProcess, NodeProcess];
  try {
    for (const one of nodes) await one.start();
    // What is made on first use is made before anything is counted.
    const traffic = new Traffic(node, other);
    await traffic.run(2, async () => {});
    await pause(1000);
    const descriptorsBefore = descriptorsOf(node.pid);
    const rss: number[] = [];
    let second = 0;
    await traffic.run(seconds, async () => {
      rss.push(rssOf(node.pid));
      await inject(redis, second++, seconds);
    });
    redis.unpause();
    await pause(quiet * 1000);
    await eventually(() => descriptorsOf(node.pid) <= descriptorsBefore + 2, settle).catch(
      () => {},
    );
    const answer = await fetch(`http://${node.at('http')}/healthz`).catch(() => undefined);
    return {
      rss,
      descriptorsBefore,
      descriptorsAfter: descriptorsOf(node.pid),
      tablesAfter: await tablesOf(node),
      done: traffic.done,
      failed: traffic.failed,
      log: node.log + other.log,
      alive: answer?.status === 200,
    };
  } finally {
    for (const one of nodes) await one.end();
    await redis.end();
  }
}

/** Redis hangs, dies and comes back, over and over; the last tenth is left in peace. */
async function inject(redis: RedisProcess, second: number, seconds: number): Promise<void> {
  if (second > seconds * 0.9) return;
  const step = second % 12;
  if (step === 3) redis.pause();
  if (step === 5) redis.unpause();
  if (step === 8) await redis.kill();
  if (step === 9) await redis.resume();
}

class Traffic {
  readonly done: Record<string, number> = {};
  readonly failed: Record<string, number> = {};
  #games = 0;

  constructor(
    private readonly node: NodeProcess,
    private readonly other: NodeProcess,
  ) {}

  async run(seconds: number, eachSecond: () => Promise<void>): Promise<void> {
    const end = performance.now() + seconds * 1000;
    const kinds: Record<string, () => Promise<void>> = {
      a2s: () => this.#queries(),
      master: () => this.#heartbeats(),
      page: () => this.#reader(),
      lobby: () => this.#game(),
      relay: () => this.#relayed(),
      signaling: () => this.#signals(),
      auth: () => this.#logon(),
      strangers: () => this.#strangers(),
    };
    const loops = Object.entries(kinds).map(async ([kind, round]) => {
      while (performance.now() < end) {
        try {
          await withLimit(round(), 8000);
          this.done[kind] = (this.done[kind] ?? 0) + 1;
        } catch {
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
    const other = await RelayClient.connect(`ws://${this.other.at('http')}/v1/relay/ws`, {
      signal: AbortSignal.timeout(3000),
    });
    for (let i = 0; i < 50; i++) other.send(one.id, `word ${i}`);
    await eventually(() => heard === 50, 3).finally(() => {
      one.close();
      other.close();
    });
  }

  async #signals(): Promise<void> {
    const socket = connect(portOf(this.node.at('signaling')), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`str:peer${this.#games}\nstr:nobody 616263\n`);
    await pause(50);
    socket.destroy();
  }

  async #logon(): Promise<void> {
    const backend = new RemoteBackend(`ws://${this.node.at('http')}/v1/backend`, new SystemClock());
    try {
      const { account } = await backend.createAccount('127.0.0.1', 'soak');
      if (account === undefined) return;
      const client = new SteamClient({ backend, clock: new SystemClock(), log: silentLog });
      await client.logOn({ accountKey: account.accountKey });
      await client.getAuthSessionTicket(480);
      await client.logOff();
    } finally {
      backend.close();
    }
  }

  /** Bytes that mean nothing, connections that say nothing and ones that end in the middle. */
  async #strangers(): Promise<void> {
    await withUdp(async (socket) => {
      for (const endpoint of ['game', 'master']) {
        for (let i = 0; i < 20; i++) {
          socket.send(randomBytes(1 + (i % 64) * 20), ...split(this.node.at(endpoint)));
        }
      }
    });
    for (const endpoint of ['lobby', 'relay', 'signaling', 'http']) {
      const socket = connect(portOf(this.node.at(endpoint)), '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(randomBytes(32));
      setTimeout(() => socket.destroy(), 300);
    }
  }
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
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function withLimit<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), ms);
  });
  work.catch(() => {});
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Sizes of tables that traffic fills and time empties. */
async function tablesOf(node: NodeProcess): Promise<Record<string, number>> {
  const answer = await fetch(`http://${node.at('admin')}/metrics`, {
    headers: { authorization: 'Bearer secret' },
  });
  const text = await answer.text();
  const wanted =
    /^beaconry_(vcmi_lobby_(?:users|rooms|pipes|pending)|relay_(?:peers|connections|queued_bytes)|signaling_peers|browser_event_readers|master_registrations)(?:\{[^}]*\})? (\S+)$/gm;
  return Object.fromEntries(
    [...text.matchAll(wanted)].map(([, name, value]) => [name, Number(value)]),
  );
}
