import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { Bans } from 'beaconry/plugins/bans';
import { RelayClient, type RelayMessage, RelayRefusal } from 'beaconry/relay-client';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import relay from '../../../plugins/relay/index.js';
import { frameOf, packet } from './packets.js';

describe('relay plugin', () => {
  it('keeps the contract of plugins', async () => {
    await checkPluginContract(relay);
  });

  let server: TestServer | undefined;
  const clients: RelayClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server?.stop();
    server = undefined;
  });

  const start = async (relay: Record<string, unknown> = {}): Promise<TestServer> => {
    server = await startTestServer({ plugins: { relay } });
    return server;
  };
  const tcp = () => `tcp://127.0.0.1:${server?.address('relay').port}`;
  const ws = () => `ws://127.0.0.1:${server?.address('http').port}/v1/relay/ws`;

  /** A client, and what it hears next. */
  const join = async (url: string, options = {}) => {
    const heard: RelayMessage[] = [];
    const waiting: ((message: RelayMessage) => void)[] = [];
    const take = (message: RelayMessage) => {
      const waiter = waiting.shift();
      if (waiter === undefined) heard.push(message);
      else waiter(message);
    };
    const client = await RelayClient.connect(url, {
      onMessage: take,
      onPeerError: take,
      onRelayError: (payload) => take({ source: '(relay)', payload }),
      ...options,
    });
    clients.push(client);
    const next = async (): Promise<RelayMessage> =>
      heard.shift() ?? (await new Promise((resolve) => waiting.push(resolve)));
    return { client, next };
  };

  it('relays between TCP and WebSocket peers in both directions', async () => {
    await start();
    const one = await join(tcp());
    const two = await join(ws());
    one.client.send(two.client.id, 'héllo "🎮"');
    expect(await two.next()).to.deep.equal({ source: one.client.id, payload: 'héllo "🎮"' });
    two.client.send(one.client.id, 'back');
    expect(await one.next()).to.deep.equal({ source: two.client.id, payload: 'back' });
    two.client.sendError(one.client.id, 'bad move');
    expect(await one.next()).to.deep.equal({ source: two.client.id, payload: 'bad move' });
  });

  it('carries 1 MiB between TCP and WebSocket peers', async () => {
    await start();
    const payload = '{"a\\":é🎮}'.repeat(80_000);
    const one = await join(tcp());
    const two = await join(ws());
    one.client.send(two.client.id, payload);
    expect((await two.next()).payload).to.equal(payload);
    two.client.send(one.client.id, payload);
    expect((await one.next()).payload).to.equal(payload);
  });

  it('tells a client what the relay refused', async () => {
    await start();
    const { client, next } = await join(tcp());
    client.send('Z9', 'x');
    expect(await next()).to.deep.equal({ source: '(relay)', payload: 'unknown destination: Z9' });
  });

  it('rejects a connect whose id is held, with the words of the relay', async () => {
    await start();
    await join(tcp(), { id: 'host' });
    const refusal = await RelayClient.connect(ws(), { id: 'host' }).catch((error) => error);
    expect(refusal).to.be.instanceOf(RelayRefusal);
    expect(refusal.message).to.equal('ClientId: host is already initialized');
  });

  it('keeps banned ids out and ends those who are here, with the reason', async () => {
    server = await startTestServer({ plugins: { relay: {}, bans: {} } });
    const ban = (id: string, scope: string) =>
      server?.get(Bans).add({ subject: `account:${id}`, scope, reason: '', by: 'test' });
    let ended = false;
    const mallory = await join(tcp(), { id: 'mallory', onClose: () => (ended = true) });
    await join(tcp(), { id: 'alice' });
    await ban('alice', 'vcmi-lobby');
    await ban('mallory', 'relay');
    expect((await mallory.next()).payload).to.equal('banned from this relay');
    for (const url of [tcp(), ws()]) {
      const refusal = await RelayClient.connect(url, { id: 'mallory' }).catch((error) => error);
      expect(refusal).to.be.instanceOf(RelayRefusal);
      expect(refusal.message).to.equal('banned from this relay');
    }
    expect(ended).to.equal(true);
    const held = await RelayClient.connect(tcp(), { id: 'alice' }).catch((error) => error);
    expect(held.message, 'another scope').to.equal('ClientId: alice is already initialized');
  });

  it('lets an owner take his id back with his secret, which a bare client never sees', async () => {
    await start({ chosenIds: 'grace' });
    let ended = false;
    const old = await join(tcp(), { id: 'host', secret: '', onClose: () => (ended = true) });
    const { secret } = old.client;
    const again = await join(tcp(), { id: 'host', secret });
    expect(again.client.id).to.equal('host');
    expect((await old.next()).payload).to.equal('replaced');
    again.client.send('host', 'ping');
    await again.next();
    expect(ended).to.equal(true);
    const bare = await join(tcp());
    expect(bare.client.secret).to.equal(undefined);
  });

  it('stops waiting when the signal says so', async () => {
    await start();
    const signal = AbortSignal.abort(new Error('enough'));
    const failure = await RelayClient.connect(tcp(), { signal }).catch((error) => error);
    expect(failure.message).to.equal('enough');
  });

  it('gives the reason of a refusal before it closes, though the peer has sent much more', async () => {
    await start();
    const socket = connectTcp(server?.address('relay').port ?? 0, '127.0.0.1');
    socket.write(Buffer.concat([frameOf('hello'), Buffer.alloc(100_000)]));
    let got = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
    });
    await once(socket, 'end');
    socket.destroy();
    expect(got.toString('utf8', 4)).to.contain('malformed frame: ');
  });

  it('answers the frames that came before the end of a stream', async () => {
    await start();
    const socket = connectTcp(server?.address('relay').port ?? 0, '127.0.0.1');
    socket.end(packet('init-source'));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    await once(socket, 'close');
    expect(answer).to.deep.equal(packet('init-answer'));
  });

  it('ends a WebSocket that sends text', async () => {
    await start();
    const socket = new WebSocket(ws());
    await once(socket, 'open');
    socket.send('{"payloadType":"INIT"}');
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).to.equal(1003);
  });

  it('shows its load without ids and addresses', async () => {
    const { request } = await start({ bootstrap: true }).then((test) => ({
      request: (path: string) => test.request(path),
    }));
    const { client, next } = await join(tcp());
    client.send('Z9', 'x');
    await next();
    const status = JSON.parse((await request('/v1/relay/status')).body);
    expect(status).to.deep.equal({
      peers: 1,
      connections: 1,
      frames: 2,
      bytes: status.bytes,
      queuedBytes: 0,
      maxFrame: 4 * 1024 * 1024,
      chosenIds: 'open',
      joinKey: false,
      bootstrap: true,
      errors: { unknown_destination: 1 },
    });
  });

  it('closes its peers when it stops', async () => {
    await start();
    const closed = new Promise<void>((resolve) => {
      void join(tcp(), { onClose: () => resolve() }).then(() => server?.stop());
    });
    await closed;
    server = undefined;
  });

  for (const [what, relay] of [
    ['a queue that does not hold two frames', { queueLimit: '4MiB' }],
    ['frames below 4 KiB', { maxFrame: '1KiB' }],
    ['frames over 64 MiB', { maxFrame: '65MiB', queueLimit: '200MiB' }],
    ['a total queue below one peer', { totalQueueLimit: '1MiB' }],
  ] as const) {
    it(`refuses to start with ${what}`, async () => {
      const failure = await start(relay).catch((error) => error);
      expect(failure).to.be.instanceOf(Error);
      expect(String(failure.message)).to.match(/maxFrame|queueLimit/i);
    });
  }
});
