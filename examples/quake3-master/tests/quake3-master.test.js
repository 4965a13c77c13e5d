import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { checkPluginContract, hex, startTestServer } from 'beaconry/testing';
import quake3Master from '../index.js';
import { decodeList } from './decode-list.js';

/** @type {import('beaconry/testing').TestServer} */
let server;
afterEach(() => server.stop());

/** @param {{ [key: string]: unknown }} [config] */
async function start(config = {}, core = {}) {
  server = await startTestServer({
    plugins: { browser: {}, 'quake3-master': config },
    atHand: { 'quake3-master': quake3Master },
    config: core,
  });
}

const ask = (/** @type {string} */ text, from = '203.0.113.9:1000') =>
  server.ask('master', hex`ff ff ff ff ${Buffer.from(text, 'latin1')}`, from);

/** Registers a server, as a game does. */
function register(from = '192.0.2.1:27960', /** @type {{ [key: string]: unknown }} */ values = {}) {
  const [question] = ask('heartbeat QuakeArena-1\n', from);
  if (question === undefined) return;
  const challenge = Buffer.from(question).toString('latin1', 12);
  const info = {
    ...{ hostname: '^1Red ^7hall', mapname: 'oa_dm1', protocol: 71, gamename: 'Quake3Arena' },
    ...{ clients: 2, sv_maxclients: 8, gametype: 0, challenge },
    ...values,
  };
  const pairs = Object.entries(info).map(([key, value]) => `\\${key}\\${value}`);
  assert.deepEqual(ask(`infoResponse\n${pairs.join('')}`, from), []);
}

const list = (request = 'getservers 71 empty full', from = '203.0.113.9:1000') =>
  ask(request, from).flatMap((packet) => decodeList(packet).servers);

describe('quake3-master', () => {
  it('keeps the contract of plugins', async () => {
    await start();
    await checkPluginContract(quake3Master);
  });

  it('lists a server that answered the question at the address it answered from', async () => {
    await start();
    register();
    assert.deepEqual(list(), ['192.0.2.1:27960']);
    assert.deepEqual(list('getserversExt Quake3Arena 71'), ['192.0.2.1:27960']);
  });

  it('lists IPv6 servers to those who ask for them', async () => {
    await start();
    register();
    register('[2001:db8::7]:27960');
    assert.deepEqual(list('getserversExt Quake3Arena 71 ipv6'), ['[2001:db8::7]:27960']);
    assert.deepEqual(list('getserversExt Quake3Arena 71 ipv4'), ['192.0.2.1:27960']);
    assert.deepEqual(list('getservers 71'), ['192.0.2.1:27960']);
  });

  it('keeps nothing for a server whose answer has no challenge, or an old or foreign one', async () => {
    await start();
    for (const challenge of ['', '00000001', 'zzzzzzzz']) register(undefined, { challenge });
    const [question] = ask('heartbeat QuakeArena-1\n', '192.0.2.2:27960');
    const foreign = Buffer.from(/** @type {Uint8Array} */ (question)).toString('latin1', 12);
    register(undefined, { challenge: foreign });
    const [own] = ask('heartbeat QuakeArena-1\n', '192.0.2.1:27960');
    const old = Buffer.from(/** @type {Uint8Array} */ (own)).toString('latin1', 12);
    await server.clock.advance(4000);
    register(undefined, { challenge: old });
    assert.deepEqual(list(), []);
  });

  it('asks nobody who does not speak for a game that it knows', async () => {
    await start();
    for (const tag of ['WolfFlatline-1', 'ETFlatline-1', 'x']) {
      assert.deepEqual(ask(`heartbeat ${tag}\n`), []);
    }
  });

  it('refuses an answer without protocol, places or game', async () => {
    await start();
    register('192.0.2.1:1', { protocol: 'x' });
    register('192.0.2.1:2', { sv_maxclients: 0 });
    register('192.0.2.1:3', { gamename: '' });
    assert.deepEqual(list(), []);
  });

  it('leaves out empty and full servers unless asked for, and other games and modes', async () => {
    await start();
    register('192.0.2.1:1', { clients: 0 });
    register('192.0.2.1:2', { clients: 8 });
    register('192.0.2.1:3', { gametype: 4 });
    register('192.0.2.1:4', { gamename: 'Other' });
    register('192.0.2.1:5', { protocol: 68 });
    assert.deepEqual(list('getservers 71'), ['192.0.2.1:3']);
    assert.deepEqual(list('getservers 71 empty'), ['192.0.2.1:1', '192.0.2.1:3']);
    assert.deepEqual(list('getservers 71 full'), ['192.0.2.1:2', '192.0.2.1:3']);
    assert.deepEqual(list('getservers 71 empty full ctf'), ['192.0.2.1:3']);
    assert.deepEqual(list('getservers Other 71'), ['192.0.2.1:4']);
    assert.deepEqual(list('getservers 68'), ['192.0.2.1:5']);
  });

  it('forgets a server 15 minutes after its last answer', async () => {
    await start();
    register();
    await server.clock.advance(10 * 60_000);
    register();
    await server.clock.advance(14 * 60_000);
    assert.equal(list().length, 1);
    await server.clock.advance(61_000);
    assert.deepEqual(list(), []);
    assert.deepEqual((await server.request('/v1/servers')).json().items, []);
  });

  it('takes at most 32 servers of one address, and as many as it may hold', async () => {
    await start({ maxServers: 40 });
    for (let port = 1; port <= 40; port++) register(`192.0.2.1:${port}`);
    assert.equal(list().length, 32);
    for (let port = 1; port <= 32; port++) register(`192.0.2.2:${port}`);
    assert.equal(list().length, 40);
  });

  it('pays lists from a budget: one request brings at most 16 packets, one prefix 128 at once', async () => {
    await start({ maxPerAddress: 0 });
    for (let i = 0; i < 500; i++) {
      register(`198.51.${Math.floor(i / 100)}.${i % 100}:27960`);
    }
    const packets = ask('getservers 71 empty full');
    assert.equal(packets.length, 3);
    let sent = packets.length;
    for (let i = 0; i < 100; i++)
      sent += ask('getservers 71 empty full', `203.0.113.${i}:9`).length;
    assert.equal(sent, 128);
    assert.equal(ask('getservers 71 empty full', '203.0.114.1:9').length, 3);
  });

  it('answers a heartbeat with no more bytes than it has', async () => {
    await start();
    for (const tag of ['DarkPlaces', 'QuakeArena-1', 'Wolfenstein-1', 'EnemyTerritory-1']) {
      assert.equal(ask(`heartbeat ${tag}\n`).length, 1);
    }
    assert.equal(server.server.endpoints.udp.get('master')?.counters.violations, 0);
  });

  it('puts its servers into /v1/servers and on the page', async () => {
    await start();
    register();
    const { items } = (await server.request('/v1/servers')).json();
    const { lastSeen, ...shown } = items[0];
    assert.match(lastSeen, /^2026-/);
    assert.equal(shown.address, '192.0.2.1:27960');
    assert.equal(shown.name, 'Red hall');
    assert.equal(shown.map, 'oa_dm1');
    assert.equal(shown.players, 2);
    assert.equal(shown.verified, true);
    assert.equal(shown.source, 'quake3-master');
    assert.match((await server.request('/plain')).body, /Red hall/);
  });

  it('lists a private server at the public address, or else only to its own network', async () => {
    await start();
    register('10.0.0.5:27960');
    assert.deepEqual(list(undefined, '203.0.113.9:1'), []);
    assert.deepEqual(list(undefined, '10.7.7.7:1'), ['10.0.0.5:27960']);
    await server.stop();
    await start({}, { publicAddress: { ipv4: '198.51.100.1' } });
    register('10.0.0.5:27960');
    assert.deepEqual(list(undefined, '203.0.113.9:1'), ['198.51.100.1:27960']);
  });
});
