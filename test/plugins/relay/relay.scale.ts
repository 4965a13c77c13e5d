import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Relay } from 'beaconry/plugins/relay';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { frameOf } from './packets.js';

const KIB = 1024;
const SECOND = 1000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const memory = (): number => {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('relay at scale', () => {
  let server: TestServer;
  const sockets: Socket[] = [];
  let children: ChildProcess[] = [];

  beforeEach(async () => {
    server = await startTestServer({ plugins: { relay: { perAddressLimit: 0 } } });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const child of children) child.disconnect();
    children = [];
    await server.stop();
  });

  const port = () => server.address('relay').port;
  const connections = () => server.get(Relay).status().connections;

  const join = async (id: string): Promise<Socket> => {
    const socket = connectTcp({ port: port(), host: '127.0.0.1', noDelay: true });
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(frameOf(JSON.stringify({ payloadType: 'INIT', source: id })));
    await once(socket, 'data');
    return socket;
  };

  const message = (source: string, destination: string, payload: string): Buffer =>
    frameOf(JSON.stringify({ payloadType: 'MESSAGE', source, destination, payload }));

  it('carries 5,000 peers on one node, each of which reaches its neighbour', async () => {
    const count = 5000;
    const peers: Socket[] = [];
    while (peers.length < count) {
      const first = peers.length;
      const batch = Array.from({ length: 100 }, (_, i) => join(`peer-${first + i}`));
      peers.push(...(await Promise.all(batch)));
    }
    expect(server.get(Relay).status().peers).to.equal(count);
    let heard = 0;
    const frames = peers.map((peer, i) => {
      const next = (i + 1) % count;
      const previous = (i + count - 1) % count;
      const expected = message(`peer-${previous}`, `peer-${i}`, `from ${previous}`);
      let got = Buffer.alloc(0);
      peer.on('data', (chunk) => {
        got = Buffer.concat([got, chunk]);
        if (got.equals(expected)) heard++;
      });
      return message(`peer-${i}`, `peer-${next}`, `from ${i}`);
    });
    peers.forEach((peer, i) => {
      peer.write(frames[i] as Buffer);
    });
    await until(() => heard === count);
  });

  /**
   * What a client did, how many seconds later its connection is gone although it never closes, and what
   * is counted. Refusals at once take the second that a peer gets to read the reason.
   */
  const HOSTILE = [
    ['a length of 2 GiB', 1, 'frame_too_large'],
    ['a negative length', 1, 'malformed_frame'],
    ['deep JSON', 1, 'malformed_frame'],
    ['nothing at all', 11, 'no_init'],
    ['forged sources without INIT', 11, 'no_init'],
    ['half a frame', 11, 'no_init'],
    ['half a frame after INIT', 32, 'half_frame'],
  ] as const;
  for (const [cause, seconds, counted] of HOSTILE) {
    it(`pays at most 16 KiB for each of 1,000 connections with ${cause}, and is rid of them within ${seconds} s`, async () => {
      const count = 1000;
      const before = memory();
      const script = fileURLToPath(new URL('hostile-clients.js', import.meta.url));
      const child = fork(script, [String(port()), cause, String(count)]);
      children.push(child);
      await once(child, 'message');
      const status = () => server.get(Relay).status();
      const reached = () => (seconds === 1 ? status().errors[counted] : connections());
      await until(() => reached() === count);
      // What was sent has to be read too.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const each = (memory() - before) / count;
      console.log(`      ${(each / KIB).toFixed(1)} KiB each`);
      expect(each).to.be.below(16 * KIB);
      if (seconds > 1) {
        await server.clock.advance((seconds - 2) * SECOND);
        expect(connections()).to.equal(count);
        await server.clock.advance(2 * SECOND);
        expect(status().errors[counted]).to.equal(count);
      }
      await until(() => connections() === 0);
    });
  }

  it('lets nobody wait for a reader that does not read', async () => {
    const pairs = 20;
    const rounds = 300;
    const latencies = async (): Promise<number> => {
      const times: number[] = [];
      const players = await Promise.all(
        Array.from({ length: pairs }, async (_, i) => {
          const id = `player-${i}-${sockets.length}`;
          return { socket: await join(id), ping: message(id, id, 'ping') };
        }),
      );
      await Promise.all(
        players.map(async ({ socket, ping }) => {
          for (let round = 0; round < rounds; round++) {
            const start = performance.now();
            socket.write(ping);
            await once(socket, 'data');
            times.push(performance.now() - start);
          }
          socket.destroy();
        }),
      );
      times.sort((a, b) => a - b);
      return times[Math.floor(times.length * 0.99)] as number;
    };
    /** Sends steadily to a peer, which reads or does not, while others play. */
    const measure = async (reads: boolean, turn: number): Promise<number> => {
      const id = `receiver-${reads}-${turn}`;
      const from = `sender-${reads}-${turn}`;
      const receiver = await join(id);
      if (reads) receiver.on('data', () => {});
      else receiver.pause();
      const sender = await join(from);
      sender.on('data', () => {});
      const large = message(from, id, 'x'.repeat(100_000));
      // Filled before the clock runs, so that every message after it finds a full queue.
      for (let i = 0; i < 200; i++) {
        if (!sender.write(large)) await once(sender, 'drain');
      }
      const timer = setInterval(() => sender.write(large), 2);
      const p99 = await latencies();
      clearInterval(timer);
      sender.destroy();
      return p99;
    };
    await latencies();
    // What else the machine does only adds to a figure: the best of turns taken in alternation tells.
    const readings: number[] = [];
    const silences: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      readings.push(await measure(true, turn));
      silences.push(await measure(false, turn));
    }
    const reading = Math.min(...readings);
    const silent = Math.min(...silences);
    const { queuedBytes, errors } = server.get(Relay).status();
    console.log(
      `      p99 ${reading.toFixed(2)} ms beside a reader, ${silent.toFixed(2)} ms beside none`,
    );
    expect(errors.destination_queue_full).to.be.greaterThan(0);
    expect(queuedBytes).to.be.greaterThan(0);
    expect(silent).to.be.below(2 * reading);
  });
});
