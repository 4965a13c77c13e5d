import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Registrations } from 'beaconry/plugins/master';
import type { TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { eventually } from '../core/store/eventually.js';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { joinCluster, startCluster, stopAll } from './cluster-rig.js';

const options = { plugins: { master: { verify: 'off', allowLoopback: true, ttl: '4s' } } };

describe('master on several nodes', () => {
  let redis: RedisProcess;
  let nodes: TestServer[] = [];
  let game: Socket;

  /** Asks a node for a challenge, as a game server does. */
  const challengeOf = async (node: TestServer): Promise<number> => {
    const { port } = node.address('master');
    game.send('q', port, '127.0.0.1');
    const [answer] = (await once(game, 'message')) as [Buffer];
    return answer.readInt32LE(6);
  };
  const join = (node: TestServer, challenge: number, name = 'One') => {
    const said = `\\protocol\\7\\challenge\\${challenge}\\players\\1\\max\\8\\gamedir\\cstrike\\map\\dust\\hostname\\${name}\\version\\1.0\\product\\cstrike`;
    game.send(`0\n${said}\n`, node.address('master').port, '127.0.0.1');
  };
  const listed = (node: TestServer) => node.get(Registrations).list('');

  before(needsRedis);
  before(async () => {
    redis = await RedisProcess.start();
  });
  beforeEach(async () => {
    game = createSocket('udp4');
    await new Promise<void>((resolve) => game.bind(0, '127.0.0.1', resolve));
    nodes = await startCluster(redis, 3, options);
  });
  afterEach(async () => {
    game.close();
    await stopAll(nodes);
  });
  after(() => redis?.end());

  it('lists a server on every node that took its challenge from one and joined at another', async () => {
    const [one, other] = nodes as [TestServer, TestServer];
    join(other, await challengeOf(one));
    await eventually(() => nodes.every((node) => listed(node).length === 1), 1);
    const seen = nodes.map((node) => {
      const { name, map, players, firstSeen, lastSeen, address } = listed(node)[0] ?? {};
      return { name, map, players, firstSeen, lastSeen, address: String(address) };
    });
    expect(seen[1]).to.deep.equal(seen[0]);
    expect(seen[2]).to.deep.equal(seen[0]);
  });

  it('takes a server out everywhere when it signs off at any node', async () => {
    const [one, other] = nodes as [TestServer, TestServer];
    join(one, await challengeOf(one));
    await eventually(() => nodes.every((node) => listed(node).length === 1), 1);
    game.send('b\n', other.address('master').port, '127.0.0.1');
    await eventually(() => nodes.every((node) => listed(node).length === 0), 1);
  });

  it('keeps the servers of a node that died until their time is over, then lets each go once', async () => {
    const [dying, ...others] = nodes as [TestServer, ...TestServer[]];
    const leavings = others.map(() => 0);
    others.forEach((node, i) => {
      node.get(Registrations).onRemove(() => {
        leavings[i] = (leavings[i] ?? 0) + 1;
      });
    });
    join(dying, await challengeOf(dying));
    await eventually(() => others.every((node) => listed(node).length === 1), 1);
    await dying.stop();
    expect(others.map((node) => listed(node).length)).to.deep.equal([1, 1]);
    await eventually(() => others.every((node) => listed(node).length === 0), 7);
    nodes = [...others, await joinCluster(redis, 7, options)];
    expect(listed(nodes[2] as TestServer)).to.deep.equal([]);
    expect(leavings).to.deep.equal([1, 1]);
  }).timeout(15_000);

  it('gives a node that joins later the whole list, and a redis that came back empty too', async () => {
    const [one] = nodes as [TestServer];
    join(one, await challengeOf(one), 'Early');
    await eventually(() => nodes.every((node) => listed(node).length === 1), 1);
    await redis.kill();
    redis.empty();
    await redis.resume();
    await eventually(async () => {
      const answer = await one.request('/readyz');
      return (answer.json() as { reasons: unknown[] }).reasons.length === 0;
    });
    const late = await joinCluster(redis, 4, options);
    nodes.push(late);
    await eventually(() => listed(late).length === 1, 2);
    expect(listed(late)[0]?.name).to.equal('Early');
  });
});
