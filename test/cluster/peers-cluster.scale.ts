import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { RelayClient } from 'beaconry/relay-client';
import type { TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeFrame } from '../../plugins/vcmi-lobby/frame-codec.js';
import { encodeGreeting } from '../../plugins/vcmi-lobby/lobby-codec.js';
import { eventually } from '../core/store/eventually.js';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { openPipe, startGame } from '../plugins/vcmi-lobby/start-games.js';
import { JsonClient } from '../plugins/vcmi-lobby-json/json-client.js';
import { startCluster, stopAll } from './cluster-rig.js';

const options = {
  plugins: {
    relay: {},
    'vcmi-lobby': { perAddressLimit: 0 },
    'vcmi-lobby-json': { perAddressLimit: 0 },
    signaling: { requireAuth: false },
  },
};

describe('peers on several nodes', () => {
  let redis: RedisProcess;
  let nodes: TestServer[] = [];
  const sockets: Socket[] = [];
  const port = (node: number, endpoint: string): number =>
    (nodes[node] as TestServer).address(endpoint).port;
  /** A connection that keeps what it hears as text. */
  const talker = async (at: number) => {
    const socket = connect({ port: at, host: '127.0.0.1', noDelay: true });
    sockets.push(socket);
    const talker = { socket, text: '', closed: false };
    socket.on('data', (chunk) => {
      talker.text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      talker.closed = true;
    });
    await once(socket, 'connect');
    return talker;
  };
  const launcher = async (node: number, name: string) => {
    const one = await talker(port(node, 'lobby'));
    const text = Buffer.from(`<GREETINGS>${name}<VER>x`);
    one.socket.write(encodeFrame(encodeGreeting({ version: 4, encoding: 'utf8', text })));
    await eventually(() => one.text.includes('Here available'));
    return one;
  };

  before(needsRedis);
  before(async () => {
    redis = await RedisProcess.start();
  });
  beforeEach(async () => {
    nodes = await startCluster(redis, 3, options);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await stopAll(nodes);
  });
  after(() => redis?.end());

  it('join a room that was made on another node, and 10 MB pass through their pipe intact', async () => {
    const [host, guest] = [port(1, 'lobby'), port(2, 'lobby')];
    const pair = await startGame(host, 1, guest);
    // The halves of the pipe land on other nodes than the launchers did.
    const [server, client] = await openPipe(guest, pair, port(0, 'lobby'));
    sockets.push(server, client);
    const sent = randomBytes(10 * 1024 * 1024);
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    for (const [from, to] of [
      [server, client],
      [client, server],
    ] as const) {
      const chunks: Buffer[] = [];
      let length = 0;
      const come = new Promise<void>((resolve) => {
        to.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          length += chunk.length;
          if (length >= sent.length) resolve();
        });
        to.resume();
      });
      from.write(sent);
      await come;
      to.removeAllListeners('data');
      expect(length).to.equal(sent.length);
      expect(digest(Buffer.concat(chunks))).to.equal(digest(sent));
    }
  });

  it('hear the chat of each sender in its order, on every node', async () => {
    const people = await Promise.all([0, 1, 2].map((node) => launcher(node, `user${node}`)));
    const lines = 100;
    for (let i = 0; i < lines; i++) {
      for (const { socket } of people) socket.write(encodeFrame(Buffer.from(`<MSG>line ${i}.`)));
    }
    for (const { text } of people) expect(text).to.not.include('Too many');
    const said = (text: string, name: string) =>
      [...text.matchAll(/:>>MSG:(\w+):line (\d+)\./g)]
        .filter(([, sender]) => sender === name)
        .map(([, , number]) => Number(number));
    const heard = (text: string) => [0, 1, 2].map((node) => said(text, `user${node}`));
    await eventually(() =>
      people.every(({ text }) => heard(text).every((numbers) => numbers.length === lines)),
    ).catch(() => {});
    const wanted = Array.from({ length: lines }, (_, i) => i);
    for (const { text } of people) expect(heard(text)).to.deep.equal([wanted, wanted, wanted]);
  });

  it('see one name once, on whichever node it is taken', async () => {
    await launcher(1, 'taken');
    const second = await talker(port(2, 'lobby'));
    const text = Buffer.from('<GREETINGS>taken<VER>x');
    second.socket.write(encodeFrame(encodeGreeting({ version: 4, encoding: 'utf8', text })));
    await eventually(() => second.text.includes("Can't connect with the name taken"));
  });

  it('are shown with their rooms by every node', async () => {
    const host = await launcher(1, 'hostess');
    host.socket.write(encodeFrame(Buffer.from('<NEW>open room<PSWD><COUNT>2')));
    const rooms = async (node: TestServer) => (await node.request('/v1/vcmi/rooms')).body;
    await eventually(async () => {
      const bodies = await Promise.all(nodes.map(rooms));
      return bodies.every((body) => body.includes('open room') && body === bodies[0]);
    });
  });

  it('register at the JSON lobby of one node and log in at another', async () => {
    const pass = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
    const first = await JsonClient.open(port(1, 'lobby-json'), pass);
    sockets.push(first.socket);
    await first.register('Gerda');
    first.socket.destroy();
    const second = await JsonClient.open(port(2, 'lobby-json'), pass);
    sockets.push(second.socket);
    second.as(first).login();
    await second.hears('clientLoginSuccess');
  });

  it('send each other messages through the relay, over TCP and WebSocket', async () => {
    const heard: string[] = [];
    const one = await RelayClient.connect(`tcp://127.0.0.1:${port(1, 'relay')}`, {
      onMessage: ({ source, payload }) => heard.push(`${source === other.id}: ${payload}`),
    });
    const other = await RelayClient.connect(`ws://127.0.0.1:${port(2, 'http')}/v1/relay/ws`);
    for (let i = 0; i < 50; i++) other.send(one.id, `word ${i}`);
    await eventually(() => heard.length === 50);
    expect(heard).to.deep.equal(Array.from({ length: 50 }, (_, i) => `true: word ${i}`));
    one.close();
    other.close();
  });

  it('signal each other, and the newer connection of an identity stays', async () => {
    const [one, other] = [await talker(port(0, 'signaling')), await talker(port(1, 'signaling'))];
    one.socket.write('str:one\n');
    other.socket.write('str:other\n');
    await eventually(() => {
      one.socket.write('str:other 616263\n');
      return other.text.includes('str:one 616263');
    });
    const newer = await talker(port(2, 'signaling'));
    newer.socket.write('str:one\n');
    await eventually(() => one.closed);
    expect(newer.closed).to.equal(false);
  });

  it('meet again at another node within six seconds when the node they met on dies', async () => {
    const [dying, ...rest] = nodes as [TestServer, ...TestServer[]];
    const before = await launcher(1, 'before');
    await dying.stop();
    nodes = rest;
    await eventually(() => before.closed);
    const port = (node: number) => (nodes[node] as TestServer).address('lobby').port;
    const serves = async (node: number) => {
      const probe = await talker(port(node));
      const text = Buffer.from('<GREETINGS>probe<VER>x');
      probe.socket.write(encodeFrame(encodeGreeting({ version: 4, encoding: 'utf8', text })));
      await new Promise((resolve) => setTimeout(resolve, 100));
      probe.socket.destroy();
      return probe.text.includes('Here available') || probe.text.includes('in use a moment ago');
    };
    await eventually(async () => (await serves(0)) && (await serves(1)), 6);
    const pair = await startGame(port(0), 7, port(1));
    sockets.push(...(await openPipe(port(1), pair, port(0))));
  }).timeout(15_000);

  it('are not served by somebody who only found the way between the nodes', async () => {
    const home = redis.ask('KEYS', '*vcmi-lobby}:v').split('\n').at(-1) ?? '';
    const claim = redis.ask('HGET', home, 'home');
    const { port: between } = JSON.parse(claim.slice(claim.indexOf('|') + 1)) as { port: number };
    const stranger = await talker(between);
    stranger.socket.write(randomBytes(96));
    await eventually(() => stranger.closed);
    expect(stranger.text).to.equal('');
  });
});
