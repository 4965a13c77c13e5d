// One responder in a process of its own, so that its CPU time can be told from that of the load:
// `beaconry`, the plugin master with 20,000 servers, or `bare`, a dgram socket whose answers have the same sizes.
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { stringify } from 'yaml';
import { PeerAddress } from '../core/net/peer-address.js';
import { Server } from '../core/server.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
  encodeMasterMessage,
} from '../server-browser/master/heartbeat-codec.js';

export interface ResponderReady {
  readonly port: number;
  readonly driver: string;
}
/** Microseconds of CPU so far. */
export interface ResponderUsage {
  readonly cpu: number;
}

const SERVERS = 20_000;
/** Of one full page, in bytes. */
const PAGE = 1392;

const say = (message: ResponderReady | ResponderUsage) => process.send?.(message);

async function beaconry(): Promise<() => Promise<void>> {
  const data = mkdtempSync(join(tmpdir(), 'beaconry-bench-'));
  const text = stringify({
    endpoints: {
      master: { udp: '127.0.0.1:0' },
      inside: { udp: 'shared' },
      admin: { http: '127.0.0.1:0' },
      http: { http: '127.0.0.1:0' },
    },
    data,
    store: { driver: 'memory' },
    plugins: {
      master: {
        endpoint: ['master', 'inside'],
        rateLimit: 'off',
        maxPerAddress: 0,
        allowLoopback: true,
      },
    },
  });
  const server = await Server.prepare({
    source: { path: join(data, 'bench.yaml'), text },
    log: pino({ level: 'silent' }),
  });
  await server.start();
  register(server);
  const master = server.endpoints.udp.get('master');
  say({ port: master?.addresses[0]?.port ?? 0, driver: master?.driverName ?? 'none' });
  return async () => {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  };
}

/** Game servers of any address join through the endpoint without a socket. */
function register(server: Server): void {
  const inside = server.endpoints.udp.get('inside');
  if (inside === undefined) throw new Error('no endpoint inside');
  let challenge = 0;
  inside.onSend = ({ bytes }) => {
    const answer = decodeMasterMessage(bytes);
    if (answer.kind === 'challenge') challenge = answer.challenge;
  };
  for (let n = 0; n < SERVERS; n++) {
    const from = new PeerAddress().set(0, 0, 0xffff, (10 << 24) | n, 27015);
    inside.receive(encodeGameServerMessage({ kind: 'challenge-request', echo: null }), from);
    const values = { challenge: String(challenge), map: `map${n % 40}`, players: String(n % 17) };
    inside.receive(
      encodeGameServerMessage({ kind: 'join', values: new Map(Object.entries(values)) }),
      from,
    );
  }
}

/** The least that a responder on Node can do: an answer by the first byte, nothing kept, checked or counted. */
async function bare(): Promise<() => Promise<void>> {
  const page = new Uint8Array(PAGE).fill(1);
  const challenge = encodeMasterMessage({ kind: 'challenge', challenge: 1, echo: null });
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { address, port }) => {
    if (bytes[0] === 0x31) socket.send(page, port, address, () => {});
    else if (bytes[0] === 0x71) socket.send(challenge, port, address, () => {});
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
