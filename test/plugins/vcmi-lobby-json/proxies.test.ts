import { createHash, randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { JsonClient } from './json-client.js';
import { JsonLobbyFixture } from './json-lobby-fixture.js';

const BYTES = 10_000_000;
const CHUNK = 100_000;

const pattern = (seed: number): Buffer => {
  const chunk = Buffer.alloc(CHUNK);
  for (let i = 0; i < CHUNK; i++) chunk[i] = (i * seed + (i >> 8)) & 0xff;
  return chunk;
};

async function sendAll(socket: Socket, chunk: Buffer): Promise<string> {
  const hash = createHash('sha1');
  for (let sent = 0; sent < BYTES; sent += CHUNK) {
    hash.update(chunk);
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  return hash.digest('hex');
}

const receiveAll = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    const hash = createHash('sha1');
    let got = 0;
    socket.on('data', (chunk: Buffer) => {
      got += chunk.length;
      hash.update(chunk);
      if (got === BYTES) resolve(hash.digest('hex'));
    });
    socket.once('close', () => reject(new Error(`closed after ${got} bytes`)));
  });

describe('vcmi-lobby-json: proxies', () => {
  const fixture = new JsonLobbyFixture();
  afterEach(() => fixture.stop());

  let alice: JsonClient;
  let bobby: JsonClient;
  let roomID: string;
  let server: JsonClient;
  const begin = async (section = {}) => {
    await fixture.start(section);
    alice = await fixture.player('Alice1');
    bobby = await fixture.player('Bobby');
    ({ roomID, server } = await fixture.room(alice));
  };
  const join = async () => {
    bobby.send({ type: 'joinGameRoom', gameRoomID: roomID });
    await server.hears('accountJoinsRoom');
  };

  it('carry bytes both ways as they came, from the first one behind the login on', async () => {
    await begin();
    await join();
    const far = await fixture.serverProxy(alice, bobby, roomID);
    far.socket.write('early');
    await bobby.hears('joinRoomSuccess');
    const near = await fixture.clientProxy(bobby, roomID);
    near.socket.write('hello');
    near.startRaw();
    far.startRaw();
    await far.waitFor('hello', () => far.raw.toString() === 'hello');
    await near.waitFor('early', () => near.raw.toString() === 'early');
    far.socket.end('last words');
    await near.isClosed();
    expect(near.raw.toString()).to.equal('earlylast words');
    await far.isClosed();
  });

  it('carry 10 MB each way whole', async () => {
    await begin();
    const { near, far } = await fixture.joinByProxy(bobby, alice, roomID, server);
    const [one, other] = [near.socket, far.socket];
    one.removeAllListeners('data');
    other.removeAllListeners('data');
    const [there, back] = [pattern(3), pattern(7)];
    const [sentThere, sentBack, gotThere, gotBack] = await Promise.all([
      sendAll(one, there),
      sendAll(other, back),
      receiveAll(other),
      receiveAll(one),
    ]);
    expect(gotThere).to.equal(sentThere);
    expect(gotBack).to.equal(sentBack);
  });

  it('make a sender wait whose partner does not read', async () => {
    await begin();
    const { near, far } = await fixture.joinByProxy(bobby, alice, roomID, server);
    far.socket.pause();
    let taken = 0;
    const chunk = Buffer.alloc(CHUNK);
    while (taken < 100_000_000) {
      taken += CHUNK;
      if (near.socket.write(chunk)) continue;
      const drained = new Promise((resolve) => near.socket.once('drain', () => resolve(true)));
      const waited = new Promise((resolve) => setTimeout(() => resolve(false), 200));
      if (!(await Promise.race([drained, waited]))) break;
    }
    expect(taken).to.be.below(50_000_000);
  });

  it('need the cookie of the host and a guest who has just joined, each time anew', async () => {
    await begin();
    const refused = async (proxy: JsonClient) => {
      expect(await proxy.fails()).to.equal('Invalid credentials');
      await proxy.isClosed();
    };
    await refused(await fixture.serverProxy(alice, bobby, roomID)); // has not joined
    await join();
    await refused(await fixture.serverProxy(bobby, bobby, roomID)); // the cookie of a guest
    await refused(await fixture.serverProxy(alice, alice, roomID)); // the host is no guest
    await refused(await fixture.serverProxy(alice, bobby, randomUUID()));
    expect((await bobby.sync()).filter(({ type }) => type === 'joinRoomSuccess')).to.deep.equal([]);
    await refused(await fixture.clientProxy(bobby, roomID)); // nobody waits yet
    const far = await fixture.serverProxy(alice, bobby, roomID);
    far.startRaw();
    await bobby.hears('joinRoomSuccess');
    await refused(await fixture.serverProxy(alice, bobby, roomID)); // announced once, used once
    await refused(await fixture.clientProxy(alice, roomID)); // another account
    const { cookie } = bobby;
    bobby.cookie = randomUUID();
    await refused(await fixture.clientProxy(bobby, roomID));
    bobby.cookie = cookie;
    const near = await fixture.clientProxy(bobby, roomID);
    near.socket.write('hello');
    await far.waitFor('hello', () => far.raw.toString() === 'hello');
    await refused(await fixture.clientProxy(bobby, roomID)); // taken
  });

  it('wait for their guest for a while and keep only so much of what comes meanwhile', async () => {
    await begin({ proxy: { waitTimeout: '5s', earlyLimit: '64KiB' } });
    await join();
    const far = await fixture.serverProxy(alice, bobby, roomID);
    await bobby.hears('joinRoomSuccess');
    far.socket.write(Buffer.alloc(20_000_000));
    await fixture.test.clock.advance(4000);
    expect(far.socket.writableLength, 'the sender waits').to.be.above(1_000_000);
    await fixture.test.clock.advance(3000);
    await far.isClosed();
    const near = await fixture.clientProxy(bobby, roomID);
    expect(await near.fails()).to.equal('Invalid credentials');
  });

  it('that wait go with their room, and those in use close with either half', async () => {
    await begin();
    const carol = await fixture.player('Carol');
    const { near, far } = await fixture.joinByProxy(bobby, alice, roomID, server);
    carol.send({ type: 'joinGameRoom', gameRoomID: roomID });
    await server.hears('accountJoinsRoom', ({ accountID }) => accountID === carol.accountID);
    const waiting = await fixture.serverProxy(alice, carol, roomID);
    await carol.hears('joinRoomSuccess');
    server.socket.destroy();
    await waiting.isClosed();
    expect(near.closed, 'a game goes on').to.equal(false);
    near.socket.destroy();
    await far.isClosed();
  });

  it('of one address are limited, and a place is free again when one has closed', async () => {
    await begin({ proxy: { perAddressLimit: 2 } });
    const carol = await fixture.player('Carol');
    const { near, far } = await fixture.joinByProxy(bobby, alice, roomID, server);
    carol.send({ type: 'joinGameRoom', gameRoomID: roomID });
    await server.hears('accountJoinsRoom', ({ accountID }) => accountID === carol.accountID);
    await (await fixture.serverProxy(alice, carol, roomID)).isClosed();
    near.socket.destroy();
    await far.isClosed();
    server.send({ type: 'leaveGameRoom', accountID: carol.accountID });
    await carol.sync();
    await fixture.joinByProxy(carol, alice, roomID, server);
  });

  it('are announced for a minute only', async () => {
    await begin();
    await join();
    await fixture.test.clock.advance(61_000);
    const far = await fixture.serverProxy(alice, bobby, roomID);
    expect(await far.fails()).to.equal('Invalid credentials');
  });
});
