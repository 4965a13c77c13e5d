import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin } from 'beaconry';
import { GameServerAuthority, PlayerAuthority } from 'beaconry/plugins/coordinator';
import { startTestServer, type TestServer, type TestServerOptions } from 'beaconry/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { encodeCertificateText } from '../../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../../plugins/coordinator/sdr/certificate-issue.js';
import { decodeNetworkConfig } from '../../plugins/coordinator/sdr/network-config-codec.js';
import { RouteKey } from '../../plugins/coordinator/sdr/sealed-route.js';
import { eventually } from '../core/store/eventually.js';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { freePorts } from '../end-to-end/free-ports.js';
import { root, testKey } from '../plugins/coordinator/credentials.js';
import { startCluster, stopAll } from './cluster-rig.js';
import { JoiningRelay } from './joining-relay.js';
import { UdpAsker } from './udp-asker.js';

/** Players and game servers by tokens that are their names. */
const authorities = definePlugin({
  name: 'authorities',
  api: 1,
  provides: [PlayerAuthority, GameServerAuthority],
  setup(context) {
    const identify = async (bearer: string) =>
      bearer === 'nobody' ? undefined : { identity: `str:${bearer}`, appId: 480 };
    context.provide(PlayerAuthority, { identify });
    context.provide(GameServerAuthority, { identify });
  },
});

describe('every node of three', () => {
  let redis: RedisProcess;
  let folder = '';
  let game: TestServer;
  let nodes: TestServer[] = [];
  let asker: UdpAsker;
  let relayPort = 0;
  const routeKey = RouteKey.generate();

  /** A node has a signing key of its own, which the root elsewhere certified, and the route key of all. */
  const keysOf = (node: number): string => {
    const keys = join(folder, `keys-${node}`);
    mkdirSync(keys);
    const now = Math.floor(Date.now() / 1000);
    const key = testKey(`signing of ${node}`);
    const { bytes: publicKey } = key.publicKey;
    const times = { createdAt: now - 60, expiresAt: now + 300 * 86_400 };
    const certificate = issueCertificate(root, { publicKey, pops: [], ...times });
    writeFileSync(join(keys, 'signing-1.key'), key.toPrivateText(), { mode: 0o600 });
    writeFileSync(join(keys, 'signing-1.cert'), encodeCertificateText(certificate));
    writeFileSync(join(keys, 'route.key'), routeKey.toPrivateText(), { mode: 0o600 });
    return keys;
  };
  const optionsOf = (node: number): TestServerOptions => ({
    atHand: { authorities },
    plugins: {
      authorities: {},
      'game-server': {},
      a2s: { rateLimit: 'off' },
      master: { verify: 'off', allowLoopback: true, rateLimit: 'off' },
      browser: { poll: { interval: '1s' }, favourites: [String(game.address('game'))] },
      coordinator: {
        keys: keysOf(node),
        rootKey: root.publicKey.toString(),
        relayRanges: ['127.0.0.0/8'],
        pops: {
          fra: {
            relays: [
              {
                ...{ ipv4: '127.0.0.1', firstPort: relayPort, lastPort: relayPort },
                keyId: String(testKey('relay of fra').id),
              },
            ],
          },
        },
      },
      'fake-ip': {},
    },
  });
  const urlOf = (node: number) => `http://${(nodes[node] as TestServer).address('http')}`;
  const json = async (node: number, path: string, init: RequestInit = {}, bearer = 'somebody') => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const answer = await fetch(urlOf(node) + path, { ...init, headers });
    // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
    return { status: answer.status, body: (await answer.json()) as any };
  };
  const configs = () =>
    Promise.all(
      nodes.map(async (_, node) => {
        const text = await (await fetch(`${urlOf(node)}/coordinator/config/480`)).text();
        return decodeNetworkConfig(text);
      }),
    );
  const heartbeat = async (source: UdpAsker, name: string): Promise<void> => {
    const [one, other] = nodes as [TestServer, TestServer];
    const challenge = (await source.ask('q', one.address('master'))).readInt32LE(6);
    const said = `\\protocol\\7\\challenge\\${challenge}\\players\\1\\max\\8\\gamedir\\cstrike\\map\\dust\\hostname\\${name}\\version\\1.0\\product\\cstrike`;
    source.send(`0\n${said}\n`, other.address('master'));
  };
  /** What a page shows of a server, without what each node measures for itself. */
  const shown = async (node: number) => {
    const { items } = (await json(node, '/v1/servers')).body as {
      items: { address: string; name: string; map: string; players: number }[];
    };
    return items.map(({ address, name, map, players }) => ({ address, name, map, players }));
  };

  before(needsRedis);
  before(async function () {
    this.timeout(60_000);
    folder = mkdtempSync(join(tmpdir(), 'beaconry-every-node-'));
    redis = await RedisProcess.start();
    [relayPort = 0] = await freePorts(1, 'udp');
    game = await startTestServer({
      real: true,
      plugins: { 'game-server': { name: 'Measured' }, a2s: {} },
    });
    asker = await UdpAsker.open();
    nodes = await startCluster(redis, 3, optionsOf);
  });
  after(async () => {
    await stopAll(nodes);
    await game?.stop();
    asker?.close();
    await redis?.end();
    if (folder !== '') rmSync(folder, { recursive: true });
  });

  it('takes the A2S challenge that another one gave', async () => {
    const question = Buffer.from('\xff\xff\xff\xffTSource Engine Query\0', 'latin1');
    const [one, ...others] = nodes as [TestServer, ...TestServer[]];
    const given = await asker.ask(question, one.address('game'));
    expect(given).to.have.length(9);
    for (const node of others) {
      const proven = Buffer.concat([question, given.subarray(5)]);
      expect((await asker.ask(proven, node.address('game')))[4]).to.equal('I'.charCodeAt(0));
    }
  });

  it('finds, keeps and gives back the FakeIP that another one gave out', async () => {
    const ask = (method: string, body: object) => ({ method, body: JSON.stringify(body) });
    const asked = ask('POST', { appId: 480, ports: 2 });
    const { body: lease } = await json(0, '/v1/fake-ips', asked, 'game');
    const path = `/v1/fake-ips/480/${lease.address}:${lease.ports[1]}`;
    for (const node of [0, 1, 2]) {
      expect((await json(node, path)).body.identity).to.equal('str:game');
    }
    const again = await json(1, '/v1/fake-ips', asked, 'game');
    expect(again.body.address).to.equal(lease.address);
    const kept = ask('PUT', { appId: 480, open: true });
    expect((await json(2, '/v1/fake-ips/self', kept, 'game')).status).to.equal(200);
    const released = ask('DELETE', { appId: 480 });
    expect((await json(2, '/v1/fake-ips/self', released, 'game')).body.released).to.equal(true);
    expect((await json(0, path)).status).to.equal(404);
  });

  it('lists the server at its FakeIP that another one listed, as long as any hears of it', async () => {
    const call = (node: number, method: string, body: object) =>
      json(
        node,
        `/v1/fake-ips${method === 'POST' ? '' : '/self'}`,
        {
          ...{ method, body: JSON.stringify({ appId: 480, ...body }) },
        },
        'listed',
      );
    const onAll = (map: string | undefined) =>
      eventually(async () => {
        const lists = await Promise.all([0, 1, 2].map(shown));
        const maps = lists.map((list) => list.find(({ address }) => address === at)?.map);
        return maps.every((one) => one === map);
      });
    const { body: lease } = await call(0, 'POST', { ports: 1 });
    const at = `${lease.address}:${lease.ports[0]}`;
    await call(2, 'PUT', { open: true, server: { name: 'Hidden', map: 'de_dust2' } });
    await onAll('de_dust2');
    await call(1, 'PUT', { open: true, server: { name: 'Hidden', map: 'de_nuke' } });
    await onAll('de_nuke');
    await call(0, 'DELETE', {});
    await onAll(undefined);
  });

  it('publishes the public keys of all', async () => {
    const ids = [0, 1, 2].map((node) => String(testKey(`signing of ${node}`).id)).sort();
    await eventually(async () => {
      const known = (await configs()).map(({ certificates }) => certificates.length);
      return known.every((count) => count === ids.length);
    });
    const trusted = (await configs()).map(({ revision }) => revision);
    expect(new Set(trusted).size).to.equal(1);
  });

  it('has the relay that joined through the others, and lets it go by a command of any', async () => {
    const ca = testKey('signing of 1');
    const listedAt = async (id: string) =>
      (await configs()).map(({ pops }) =>
        [...pops.values()].some(({ relays }) => relays.some((relay) => relay.id === id)),
      );
    const first = await JoiningRelay.open('relay of fra', 'fra', { ca, port: relayPort });
    const second = await JoiningRelay.open('relay of sto', 'sto', { ca });
    try {
      expect(await first.checkIn(urlOf(0))).to.equal('listed');
      expect(await second.checkIn(urlOf(1))).to.equal('proving');
      // The witness hears of it at one node and reports at another.
      await first.checkIn(urlOf(2));
      await first.checkIn(urlOf(0));
      expect(await second.checkIn(urlOf(2))).to.equal('listed');
      await eventually(async () => !(await listedAt(second.id)).includes(false));
      const drained = await nodes[0]?.command('pop-drain', { relay: 'sto' });
      expect(drained).to.deep.equal({ drained: [second.id] });
      await eventually(async () => !(await listedAt(second.id)).includes(true));
      expect(await second.checkIn(urlOf(1))).to.equal('draining');
    } finally {
      first.close();
      second.close();
    }
  });

  it('shows the same list, and its readers the same changes', async () => {
    const streams = nodes.map((_, node) => new EventReader(urlOf(node)));
    const source = await UdpAsker.open();
    try {
      await eventually(() => streams.every(({ text }) => text.includes('event: snapshot')));
      await heartbeat(source, 'Shown');
      const isShown = async (wanted: boolean) =>
        (await Promise.all(nodes.map((_, node) => shown(node)))).every(
          (items) => items.some(({ name }) => name === 'Shown') === wanted,
        );
      await eventually(() => isShown(true));
      expect(await shown(1)).to.deep.equal(await shown(0));
      expect(await shown(2)).to.deep.equal(await shown(0));
      await eventually(() => streams.every(({ text }) => /event: upsert.*\n.*"Shown"/.test(text)));
      source.send('b\n', (nodes[2] as TestServer).address('master'));
      await eventually(() => isShown(false));
      await eventually(() => streams.every(({ text }) => text.includes('event: remove')));
    } finally {
      source.close();
      for (const stream of streams) stream.end();
    }
  }).timeout(20_000);

  it('begins anew with a reader who comes from another one', async () => {
    const first = new EventReader(urlOf(0));
    await eventually(() => /^id: /m.test(first.text));
    first.end();
    const [, id] = /^id: (.*)$/m.exec(first.text) ?? [];
    const second = new EventReader(urlOf(1), id);
    await eventually(() => second.text.includes('event: snapshot')).finally(() => second.end());
  });

  it('measures, and one writes down what was measured', async () => {
    const subscriber = new Redis(redis.url);
    const written: string[] = [];
    redis.ask('CONFIG', 'SET', 'notify-keyspace-events', 'Kh');
    try {
      await subscriber.psubscribe('__keyspace@0__:*');
      subscriber.on('pmessage', (_pattern, channel: string, event: string) => {
        if (event === 'hset' && channel.includes('browser/history')) written.push(channel);
      });
      await eventually(async () => {
        const found = await Promise.all(nodes.map((_, node) => shown(node)));
        return found.every((items) => items.some(({ name }) => name === 'Measured'));
      });
      await stopAll(nodes.splice(0));
      await subscriber.ping();
      expect(written).to.have.length(1);
    } finally {
      subscriber.disconnect();
    }
  }).timeout(30_000);
});

/** An open event stream and what it said. */
class EventReader {
  text = '';
  readonly #controller = new AbortController();

  constructor(url: string, lastId?: string) {
    void this.#read(url, lastId).catch(() => {});
  }

  async #read(url: string, lastId: string | undefined): Promise<void> {
    const answer = await fetch(`${url}/v1/servers/events`, {
      headers: lastId === undefined ? {} : { 'last-event-id': lastId },
      signal: this.#controller.signal,
    });
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      this.text += decoder.decode(chunk as Uint8Array, { stream: true });
    }
  }

  end(): void {
    this.#controller.abort();
  }
}
