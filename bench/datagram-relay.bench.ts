/**
 * Forwarded datagrams per CPU second of the relay (hop tags checked and written, through endpoint and demux),
 * beside coturn in channel mode and a bare `node:dgram` forwarder, in the same run. What counts is the CPU
 * time of the measured process alone; of several rounds the best. Run: `npm run bench -- datagram-relay`.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PeerAddress } from 'beaconry';
import pino from 'pino';
import { chooseDriver } from '../core/net/drivers/choose-driver.js';
import { writeHopTag, writeWord } from '../plugins/datagram-relay/data-codec.js';
import { processTime } from './process-time.js';

const QUICK = process.argv.includes('--quick');
const SECONDS = QUICK ? 0.5 : 1.5;
const ROUNDS = QUICK ? 2 : 4;
const IN_FLIGHT = 192;
const KEY = Int32Array.of(1, 2, 3, 4);
const COTURN = '/usr/bin/turnserver';

const open = await chooseDriver({ driver: 'auto', offload: true }, pino({ level: 'silent' }));
let received = 0;
let control: ((bytes: Uint8Array) => void) | undefined;
const onError = () => {};
const receiver = await open({
  host: '127.0.0.1',
  port: 0,
  onBatch: ({ count }) => {
    received += count;
  },
  onError,
});
const sender = await open({
  host: '127.0.0.1',
  port: 0,
  onBatch: (batch) => {
    for (let i = 0; i < batch.count; i++) control?.(batch.bytes(i));
  },
  onError,
});

interface Measured {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** One datagram with so many bytes of payload. */
  packet(size: number): Uint8Array;
  stop(): void;
}

async function forwarder(mode: string): Promise<Measured> {
  const file = fileURLToPath(new URL('datagram-relay-forwarder.js', import.meta.url));
  const child = fork(file, [mode, String(receiver.port)]);
  if (mode !== 'bare') {
    await once(child, 'message');
    child.send(sender.port);
  }
  const [{ port, id }] = (await once(child, 'message')) as [{ port: number; id: number }];
  let number = 0;
  const packet = (size: number): Uint8Array => {
    const bytes = new Uint8Array(size);
    bytes[0] = 0x80;
    writeWord(bytes, 1, id);
    writeWord(bytes, 5, ++number);
    if (mode !== 'bare') writeHopTag(bytes, KEY, 0, 0);
    return bytes;
  };
  return { name: mode, pid: child.pid as number, port, packet, stop: () => child.kill('SIGKILL') };
}

/** Allocates without authentication and binds channel 0x4000 to the receiver (RFC 8656). */
async function coturn(): Promise<Measured | undefined> {
  if (!existsSync(COTURN)) return undefined;
  const port = 30000 + (process.pid % 20000);
  const args = [
    '-n',
    '--no-auth',
    '--no-tls',
    '--no-dtls',
    '--no-cli',
    '--allow-loopback-peers',
    '-m',
    '1',
    '-p',
    String(port),
  ];
  args.push(
    '--listening-ip',
    '127.0.0.1',
    '--relay-ip',
    '127.0.0.1',
    '--log-file',
    '/dev/null',
    '--pidfile',
    join(tmpdir(), `beaconry-turn-${process.pid}.pid`),
  );
  const child = spawn(COTURN, args, { stdio: 'ignore' });
  const to = PeerAddress.of('127.0.0.1', port);
  const request = (type: number, attributes: Buffer): Promise<Uint8Array> => {
    const head = Buffer.alloc(20);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(attributes.length, 2);
    head.writeUInt32BE(0x2112a442, 4);
    head.writeUInt32BE(type, 8);
    return new Promise((resolve, reject) => {
      let tries = 0;
      const timer = setInterval(() => {
        if (++tries > 30) {
          clearInterval(timer);
          reject(new Error('coturn does not answer'));
        }
        sender.send(Buffer.concat([head, attributes]), to);
      }, 100);
      control = (bytes) => {
        clearInterval(timer);
        resolve(bytes.slice());
      };
    });
  };
  try {
    const allocated = await request(0x0003, Buffer.from('0019000411000000', 'hex'));
    if (allocated[0] !== 1 || allocated[1] !== 3) throw new Error('no allocation');
    const bind = Buffer.from('000c000440000000001200080001000000000000', 'hex');
    bind.writeUInt16BE(receiver.port ^ 0x2112, 14);
    bind.writeUInt32BE((0x7f000001 ^ 0x2112a442) >>> 0, 16);
    const bound = await request(0x0009, bind);
    if (bound[0] !== 1 || bound[1] !== 9) throw new Error('no channel');
  } catch (error) {
    console.log(`coturn: ${(error as Error).message}`);
    child.kill('SIGKILL');
    return undefined;
  }
  control = undefined;
  const packet = (size: number): Uint8Array => {
    const bytes = Buffer.alloc(size + 4);
    bytes.writeUInt16BE(0x4000, 0);
    bytes.writeUInt16BE(size, 2);
    return bytes;
  };
  return {
    name: 'coturn',
    pid: child.pid as number,
    port,
    packet,
    stop: () => child.kill('SIGKILL'),
  };
}

/** CPU microseconds per forwarded datagram. */
async function measure({ pid, port, packet }: Measured, size: number): Promise<number> {
  const to = PeerAddress.of('127.0.0.1', port);
  const end = performance.now() + SECONDS * 1000;
  received = 0;
  let sent = 0;
  let stalls = 0;
  const before = processTime(pid);
  while (performance.now() < end) {
    const known = received;
    while (sent - received < IN_FLIGHT) {
      sender.send(packet(size), to);
      sent++;
    }
    await new Promise((resolve) => setImmediate(resolve));
    // What was lost never comes: start the window afresh.
    if (received === known && ++stalls > 200) {
      sent = received;
      stalls = 0;
    } else if (received !== known) stalls = 0;
  }
  return (processTime(pid) - before) / received;
}

const measured = [await forwarder('bare'), await forwarder('dgram')];
try {
  measured.push(await forwarder('native'));
} catch {
  console.log('the native driver is not to be had here');
}
const turn = await coturn();
if (turn !== undefined) measured.push(turn);
for (const size of [200, 1200]) {
  const best = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of measured) {
      const cost = await measure(one, size);
      best.set(one.name, Math.min(cost, best.get(one.name) ?? Number.POSITIVE_INFINITY));
    }
  }
  const reference = best.get('coturn');
  for (const [name, cost] of best) {
    const ratio = reference === undefined ? '' : `, ${(reference / cost).toFixed(2)} x coturn`;
    console.log(
      `${size} bytes  ${name.padEnd(7)} ${cost.toFixed(2)} µs, ${Math.round(1e6 / cost)} per CPU second${ratio}`,
    );
  }
}
for (const one of measured) one.stop();
await Promise.all([receiver.close(), sender.close()]);
