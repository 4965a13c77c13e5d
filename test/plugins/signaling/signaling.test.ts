import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Signaling } from 'beaconry/plugins/signaling';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import signaling from '../../../plugins/signaling/index.js';
import { players } from '../coordinator/network.js';

describe('signaling', () => {
  let server: TestServer;
  const sockets: (Socket | WebSocket)[] = [];
  const children: ChildProcess[] = [];
  const start = async (
    config: Record<string, unknown> = {},
    endpoints: Record<string, unknown> = {},
    real = false,
  ) => {
    server = await startTestServer({
      real,
      plugins: { players: {}, signaling: config },
      atHand: { players, signaling },
      endpoints,
    });
  };
  const until = async (done: () => boolean) => {
    const limit = performance.now() + 5000;
    while (!done()) {
      if (performance.now() > limit) throw new Error('it did not happen within 5 s');
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  /** A TCP peer; `greeting` is its first line. */
  const tcp = async (greeting: string) => {
    const before = server.get(Signaling).connected;
    const socket = connect(server.address('signaling').port, '127.0.0.1');
    sockets.push(socket);
    const peer = { socket, text: '', closed: false };
    socket.on('data', (chunk) => {
      peer.text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      peer.closed = true;
    });
    await once(socket, 'connect');
    socket.write(`${greeting}\n`);
    await until(() => peer.closed || server.get(Signaling).connected > before);
    return peer;
  };
  const websocket = async (greeting: string, token?: string) => {
    const before = server.get(Signaling).connected;
    const socket = new WebSocket(`ws://127.0.0.1:${server.address('http').port}/v1/signaling`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    sockets.push(socket);
    const peer = { socket, text: '', closed: false };
    socket.on('message', (data) => {
      peer.text += `${data}\n`;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      peer.closed = true;
    });
    await once(socket, 'open');
    socket.send(greeting);
    await until(() => peer.closed || server.get(Signaling).connected > before);
    return peer;
  };

  afterEach(async () => {
    for (const socket of sockets.splice(0)) {
      if (socket instanceof WebSocket) socket.terminate();
      else socket.destroy();
    }
    for (const child of children.splice(0)) child.stdin?.end();
    await server?.stop();
  });

  it('carries signals between TCP and WebSocket peers that showed their token', async () => {
    await start();
    const alice = await tcp('str:alice token-alice');
    const bob = await websocket('str:bob token-bob');
    const carol = await websocket('str:carol', 'token-carol');
    alice.socket.write('str:bob 0011\nstr:carol 22\n');
    await until(() => bob.text !== '' && carol.text !== '');
    bob.socket.send('str:alice 33');
    carol.socket.send('str:alice 44');
    await until(() => alice.text.length >= 24);
    expect(bob.text).to.equal('str:alice 0011\n');
    expect(carol.text).to.equal('str:alice 22\n');
    expect(alice.text.split('\n')).to.have.members(['str:bob 33', 'str:carol 44', '']);
  });

  it('takes signals that came in one piece with the first line', async () => {
    await start();
    const bob = await tcp('str:bob token-bob');
    await tcp('str:alice token-alice\nstr:bob 01\nstr:bob 02');
    await until(() => bob.text.length >= 26);
    expect(bob.text).to.equal('str:alice 01\nstr:alice 02\n');
  });

  it('lets nobody in without a token, with a wrong one, or with that of another', async () => {
    await start();
    for (const greeting of ['str:alice', 'str:alice wrong', 'str:alice token-bob']) {
      expect((await tcp(greeting)).closed, greeting).to.equal(true);
      expect((await websocket(greeting)).closed, greeting).to.equal(true);
    }
    expect((await websocket('str:alice', 'token-bob')).closed).to.equal(true);
    expect(server.get(Signaling).connected).to.equal(0);
  });

  it('ends a connection that does not say who it is for 10 s', async () => {
    await start();
    const socket = connect(server.address('signaling').port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    await until(() => server.clock.pending > 0);
    const closed = once(socket, 'close');
    await server.clock.advance(10_000);
    await closed;
  });

  it('refuses more connections of one address than it is told', async () => {
    await start({ perAddressLimit: 2 });
    await tcp('str:a token-a');
    const second = await tcp('str:b token-b');
    const third = await tcp('str:c token-c');
    expect([second.closed, third.closed]).to.deep.equal([false, true]);
    second.socket.destroy();
    await until(() => server.get(Signaling).connected === 1);
    expect((await tcp('str:d token-d')).closed).to.equal(false);
  });

  it('runs without authentication on loopback', async () => {
    await start({ requireAuth: false });
    const alice = await tcp('str:alice');
    await websocket('str:bob').then(({ socket }) => socket.send('str:alice 00'));
    await until(() => alice.text !== '');
    expect(alice.text).to.equal('str:bob 00\n');
  });

  it('refuses to run without authentication where others reach it, unless that is wanted', async () => {
    const everywhere = { signaling: { tcp: '0.0.0.0:0' } };
    let message = '';
    await start({ requireAuth: false }, everywhere).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.match(
      /endpoint signaling, which is not on loopback, needs allowUnauthenticated: true/,
    );
    await start({ requireAuth: false, allowUnauthenticated: true }, everywhere);
    expect((await tcp('str:alice')).closed).to.equal(false);
  });

  it('ends a WebSocket peer that no longer answers pings', async () => {
    await start();
    const alice = await websocket('str:alice token-alice');
    await server.clock.advance(30_000);
    alice.socket.pause();
    await server.clock.advance(30_000);
    await server.clock.advance(30_000);
    await until(() => server.get(Signaling).connected === 0);
  });

  for (const seed of [1, 2, 3]) {
    it(`joins two processes with 30 % lost and 30 % doubled signals (seed ${seed})`, async () => {
      // Time has to pass: whoever waits for the other process to start sends more than a burst.
      await start({ requireAuth: false, rateLimit: 20 }, {}, true);
      const script = fileURLToPath(new URL('peer-process.js', import.meta.url));
      const run = (own: string, other: string, seed: number) => {
        const port = String(server.address('signaling').port);
        const child = spawn(process.execPath, [script, port, own, other, String(seed)], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        children.push(child);
        return child;
      };
      const peers = [
        run('str:peer-a', 'str:peer-b', seed),
        run('str:peer-b', 'str:peer-a', seed * 77),
      ];
      const reports = await Promise.all(
        peers.map(async (child) => {
          const [chunk] = (await once(child.stdout ?? child, 'data')) as [Buffer];
          return JSON.parse(chunk.toString()) as {
            sent: number;
            arrived: number;
            received: number;
            senders: string[];
          };
        }),
      );
      expect(reports.map(({ received }) => received)).to.deep.equal([2, 2]);
      expect(reports.map(({ senders }) => senders)).to.deep.equal([['str:peer-b'], ['str:peer-a']]);
      const exchanged = reports.reduce((sum, { arrived }) => sum + arrived, 0);
      expect(exchanged).to.be.within(4, 20);
      for (const child of peers) child.stdin?.end();
      await Promise.all(peers.map((child) => once(child, 'exit')));
    });
  }
});
