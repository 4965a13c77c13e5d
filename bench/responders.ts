/**
 * What runs in the process that is measured: `node responders.js ROLE SETTINGS`, settings as JSON. It says where it
 * listens, answers `memory` with its use of memory, and ends when nobody listens any more.
 */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { stringify } from 'yaml';
import { PeerAddress } from '../core/net/peer-address.js';
import { Server } from '../core/server.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../server-browser/master/heartbeat-codec.js';
import type { ResponderReady } from './measured-process.js';

/** Bytes in use, after everything that can be collected was collected where `--expose-gc` is on. */
export interface Memory {
  readonly heap: number;
  readonly resident: number;
}
/** Milliseconds of the pauses for collection since the last time this was asked. */
export type Pauses = readonly number[];

interface Settings {
  /** `net.driver` */
  readonly driver?: string;
  /** `net.offload` */
  readonly offload?: boolean;
  /** Servers in the list. */
  readonly servers?: number;
  /** Bytes of the answer. */
  readonly size?: number;
  readonly plugins?: Readonly<Record<string, object>>;
}

type Stop = () => Promise<void>;
const say = (message: object) => process.send?.(message);
const ready = (message: ResponderReady) => say(message);

/** A node with some plugins; the load goes to the named endpoint. */
async function node(
  plugins: object,
  settings: Settings,
  endpoint: string,
  prepare?: (server: Server) => void,
): Promise<Stop> {
  const data = mkdtempSync(join(tmpdir(), 'beaconry-bench-'));
  const text = stringify({
    endpoints: {
      game: { udp: '127.0.0.1:0' },
      master: { udp: '127.0.0.1:0' },
      inside: { udp: 'shared' },
      relay: { tcp: '127.0.0.1:0' },
      signaling: { tcp: '127.0.0.1:0' },
      lobby: { tcp: '127.0.0.1:0' },
      admin: { http: '127.0.0.1:0' },
      http: { http: '127.0.0.1:0' },
    },
    net: { driver: settings.driver ?? 'auto', offload: settings.offload ?? true },
    data,
    store: { driver: 'memory' },
    plugins,
  });
  const server = await Server.prepare({
    source: { path: join(data, 'bench.yaml'), text },
    log: pino({ level: 'silent' }),
  });
  await server.start();
  prepare?.(server);
  const found = server.endpoints.udp.get(endpoint);
  ready({ port: found?.addresses[0]?.port ?? 0, driver: found?.driverName ?? 'none' });
  return async () => {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  };
}

/** Game servers of any address join through the endpoint without a socket. */
function register(server: Server, count: number): void {
  const inside = server.endpoints.udp.get('inside');
  if (inside === undefined) throw new Error('no endpoint inside');
  let challenge = 0;
  inside.onSend = ({ bytes }) => {
    const answer = decodeMasterMessage(bytes);
    if (answer.kind === 'challenge') challenge = answer.challenge;
  };
  for (let n = 0; n < count; n++) {
    const from = new PeerAddress().set(0, 0, 0xffff, (10 << 24) | n, 27015);
    inside.receive(encodeGameServerMessage({ kind: 'challenge-request', echo: null }), from);
    const values = { challenge: String(challenge), map: `map${n % 40}`, players: String(n % 17) };
    inside.receive(
      encodeGameServerMessage({ kind: 'join', values: new Map(Object.entries(values)) }),
      from,
    );
  }
}

/** The least that a responder on Node can do: every datagram is answered with bytes of one size. */
async function bare({ size = 0 }: Settings): Promise<Stop> {
  const answer = new Uint8Array(size).fill(1);
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { address, port }) => {
    socket.send(size === 0 ? bytes : answer, port, address, () => {});
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  ready({ port: socket.address().port, driver: 'dgram' });
  return async () => {
    socket.close();
  };
}

/** An echo on our own driver alone. */
async function echo(settings: Settings): Promise<Stop> {
  const { probeNative } = await import('../core/net/drivers/native/probe.js');
  const { NativeDriver } = await import('../core/net/drivers/native/native-driver.js');
  const { libc, offload } = await probeNative();
  const none = { send: false, receive: false };
  const driver = NativeDriver.open(libc, settings.offload === true ? offload : none, {
    host: '127.0.0.1',
    port: 0,
    onError: console.error,
    onBatch(batch) {
      for (let i = 0; i < batch.count; i++) batch.reply(i, batch.bytes(i));
    },
  });
  ready({ port: driver.port, driver: 'native' });
  return () => driver.close();
}

const roles: Readonly<Record<string, (settings: Settings) => Promise<Stop>>> = {
  a2s: (settings) => node({ 'game-server': {}, a2s: { rateLimit: 1e9 } }, settings, 'game'),
  master: (settings) => {
    // Limits stay switched on where one can be set out of reach of a single sender.
    const master = {
      endpoint: ['master', 'inside'],
      rateLimit: 1e9,
      listBudget: 0,
      maxPerAddress: 0,
      allowLoopback: true,
    };
    const servers = settings.servers ?? 0;
    return node({ master }, settings, 'master', (server) => register(server, servers));
  },
  plugins: (settings) => node(settings.plugins ?? {}, settings, 'game'),
  bare,
  echo,
};

const pauses: number[] = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) pauses.push(duration);
}).observe({ entryTypes: ['gc'] });

const [role = '', settings = '{}'] = process.argv.slice(2);
const start = roles[role];
if (start === undefined) throw new Error(`no role ${role}`);
const stop = await start(JSON.parse(settings) as Settings);
process.on('message', async (word) => {
  if (word === 'memory') {
    globalThis.gc?.();
    await sleep(50);
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    say({ heap: heapUsed, resident: rss } satisfies Memory);
  }
  if (word === 'pauses') say(pauses.splice(0) satisfies Pauses);
});
process.on('disconnect', () => {
  void stop();
});
