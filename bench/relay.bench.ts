/**
 * CPU microseconds per message of the relay, beside a bare byte forwarder on `net` and one in C (epoll),
 * all in this run. Load is made here; what counts is the CPU time of the measured process alone, and of
 * several rounds the best, since other work on the machine only ever adds to it.
 * Run: `npm run bench -- relay [--quick]`, or `node dist/bench/relay.bench.js [part of a name]`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Carrier, openSocket, withReferences } from './carriers.js';
import { processTime } from './process-time.js';

const QUICK = process.argv.includes('--quick');
const ONLY = process.argv.slice(2).find((arg) => !arg.startsWith('-'));
const SECONDS = QUICK ? 0.5 : 1.5;
const ROUNDS = QUICK ? 2 : 5;
const WINDOW = 2 * 1024 * 1024;
const PAIRS = 32;

const frame = (source: string, destination: string, size: number): Buffer => {
  const payload = 'x'.repeat(size);
  const body = JSON.stringify({ payloadType: 'MESSAGE', source, destination, payload });
  const bytes = Buffer.from(`0000${body}`);
  bytes.writeUInt32BE(bytes.length - 4);
  return bytes;
};

const names = (id: number) =>
  [`sender-${String(id).padStart(9, '0')}`, `receiver-${String(id).padStart(7, '0')}`] as const;

const initialize = async (port: number, id: string): Promise<Socket> => {
  const socket = await openSocket(port);
  const body = JSON.stringify({ payloadType: 'INIT', source: id });
  const bytes = Buffer.from(`0000${body}`);
  bytes.writeUInt32BE(bytes.length - 4);
  socket.write(bytes);
  await once(socket, 'data');
  return socket;
};

async function relayCarrier(): Promise<Carrier> {
  const child = fork(fileURLToPath(new URL('relay-forwarders.js', import.meta.url)), ['relay']);
  const [port] = (await once(child, 'message')) as [number];
  const receivers = new Map<string, Socket>();
  return {
    name: 'relay',
    pid: child.pid as number,
    async pair(id) {
      const [from, to] = names(id);
      let receiver = receivers.get(to);
      if (receiver === undefined || receiver.destroyed) {
        receiver = await initialize(port, to);
        receivers.set(to, receiver);
      }
      return [await initialize(port, from), receiver];
    },
    close: () => child.disconnect(),
  };
}

/** Runs a load for a while and gives CPU microseconds per message of the carrier. */
async function measure(
  carrier: Carrier,
  load: (carrier: Carrier) => Promise<{ messages(): number; stop(): void }>,
): Promise<number> {
  const running = await load(carrier);
  const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await wait(SECONDS / 2);
  const before = { time: processTime(carrier.pid ?? 0), messages: running.messages() };
  await wait(SECONDS);
  const time = processTime(carrier.pid ?? 0) - before.time;
  const messages = running.messages() - before.messages;
  running.stop();
  await wait(0.1);
  return time / messages;
}

let nextPair = 1;

const pingPong = (size: number) => async (carrier: Carrier) => {
  let messages = 0;
  const sockets: Socket[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const id = nextPair++;
    const [from, to] = names(id);
    const [sender, receiver] = await carrier.pair(id);
    sockets.push(sender, receiver);
    const ping = frame(from, to, size);
    const pong = frame(to, from, size);
    answerEach(receiver, ping.length, () => {
      messages++;
      receiver.write(pong);
    });
    answerEach(sender, pong.length, () => {
      messages++;
      sender.write(ping);
    });
    sender.write(ping);
  }
  return {
    messages: () => messages,
    stop: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
};

function answerEach(socket: Socket, size: number, answer: () => void): void {
  let got = 0;
  socket.on('data', (chunk) => {
    got += chunk.length;
    for (; got >= size; got -= size) answer();
  });
  socket.on('error', () => {});
}

const oneWay = (size: number) => async (carrier: Carrier) => {
  const id = nextPair++;
  const [from, to] = names(id);
  const [sender, receiver] = await carrier.pair(id);
  const one = frame(from, to, size);
  const count = Math.max(1, Math.floor((256 * 1024) / one.length));
  const batch = Buffer.concat(Array.from({ length: count }, () => one));
  let sent = 0;
  let received = 0;
  const fill = () => {
    while (sent - received < WINDOW) {
      sender.write(batch);
      sent += batch.length;
    }
  };
  receiver.on('data', (chunk) => {
    received += chunk.length;
    fill();
  });
  for (const socket of [sender, receiver]) socket.on('error', () => {});
  fill();
  return {
    messages: () => received / one.length,
    stop: () => {
      sender.destroy();
      receiver.destroy();
    },
  };
};

/** Sixteen players send one small message each to their host, who waits for all of them: a game's tick. */
const fanIn = (size: number) => async (carrier: Carrier) => {
  const SENDERS = 16;
  const host = nextPair++;
  const to = names(host)[1];
  const senders: { socket: Socket; ping: Buffer }[] = [];
  const receivers = new Set<Socket>();
  receivers.add((await carrier.pair(host))[1]);
  const shared = carrier.name === 'relay';
  if (!shared) receivers.clear();
  for (let i = 0; i < SENDERS; i++) {
    const id = nextPair++;
    const [sender, receiver] = await carrier.pair(id);
    senders.push({ socket: sender, ping: frame(names(id)[0], to, size) });
    if (!shared) receivers.add(receiver);
  }
  const round = senders.reduce((sum, { ping }) => sum + ping.length, 0);
  let messages = 0;
  let got = 0;
  const tick = () => {
    for (const { socket, ping } of senders) socket.write(ping);
  };
  for (const receiver of receivers) {
    receiver.on('data', (chunk) => {
      got += chunk.length;
      if (got < round) return;
      got -= round;
      messages += SENDERS;
      setImmediate(tick);
    });
  }
  tick();
  return {
    messages: () => messages,
    stop: () => {
      for (const socket of receivers) socket.destroy();
      for (const { socket } of senders) socket.destroy();
    },
  };
};

const LOADS = {
  'ping-pong 64 B, 32 pairs': pingPong(64),
  'one-way 64 B': oneWay(64),
  'one-way 1 KiB': oneWay(1024),
  'one-way 16 KiB': oneWay(16 * 1024),
  'one-way 1 MiB': oneWay(1024 * 1024),
  'fan-in 16 to 1, 64 B': fanIn(64),
};

const carriers = await withReferences([await relayCarrier()]);
const head = ['CPU µs per message', ...carriers.map(({ name }) => name), 'to net', 'to C'];
console.log(head.map((text, i) => (i === 0 ? text.padEnd(26) : text.padStart(14))).join(''));
for (const [name, load] of Object.entries(LOADS)) {
  if (ONLY !== undefined && !name.includes(ONLY)) continue;
  const figures = carriers.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, carrier] of carriers.entries()) {
      figures[i] = Math.min(figures[i] ?? 0, await measure(carrier, load));
    }
  }
  const [relay = 0, net = 0, c] = figures;
  const ratios = [relay / net, c === undefined ? Number.NaN : relay / c];
  const cells = [...figures.map((figure) => figure.toFixed(2)), ...ratios.map((r) => r.toFixed(2))];
  console.log(name.padEnd(26) + cells.map((text) => text.padStart(14)).join(''));
}
for (const carrier of carriers) carrier.close();
process.exit(0);
