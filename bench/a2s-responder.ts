// One responder in a process of its own, so that its CPU time can be told from that of the load:
// `beaconry`, the plugin a2s on its endpoint, or `bare`, a dgram socket that answers with the same bytes.
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { stringify } from 'yaml';
import { Server } from '../core/server.js';
import { initialSnapshot } from '../plugins/game-server/game-server-config.js';
import { LiveState } from '../plugins/game-server/live-state.js';
import { sourceInfoOf } from '../server-browser/a2s/info-of-state.js';
import { encodeChallenge, encodeInfo } from '../server-browser/a2s-query/index.js';

export interface ResponderReady {
  readonly port: number;
  readonly driver: string;
}
/** Microseconds of CPU so far. */
export interface ResponderUsage {
  readonly cpu: number;
}

const say = (message: ResponderReady | ResponderUsage) => process.send?.(message);

async function beaconry(): Promise<() => Promise<void>> {
  const data = mkdtempSync(join(tmpdir(), 'beaconry-bench-'));
  const text = stringify({
    endpoints: {
      game: { udp: '127.0.0.1:0' },
      admin: { http: '127.0.0.1:0' },
      http: { http: '127.0.0.1:0' },
    },
    data,
    store: { driver: 'memory' },
    plugins: { 'game-server': {}, a2s: { rateLimit: 'off' } },
  });
  const server = await Server.prepare({
    source: { path: join(data, 'bench.yaml'), text },
    log: pino({ level: 'silent' }),
  });
  await server.start();
  const game = server.endpoints.udp.get('game');
  say({ port: game?.addresses[0]?.port ?? 0, driver: game?.driverName ?? 'none' });
  return async () => {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  };
}

/** The least that a responder on Node can do: challenge or answer by length, nothing checked or counted. */
async function bare(): Promise<() => Promise<void>> {
  const state = new LiveState(initialSnapshot, { snapshot: {}, players: undefined });
  const answer = encodeInfo(sourceInfoOf(state));
  const challenge = encodeChallenge(1);
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { address, port }) => {
    socket.send(bytes.length === 29 ? answer : challenge, port, address, () => {});
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  say({ port: socket.address().port, driver: 'dgram' });
  return async () => {
    socket.close();
  };
}

const stop = await (process.argv[2] === 'bare' ? bare() : beaconry());
process.on('message', (word) => {
  if (word === 'usage') {
    const { user, system } = process.cpuUsage();
    say({ cpu: user + system });
  }
});
process.on('disconnect', () => {
  void stop();
});
