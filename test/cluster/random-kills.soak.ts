import { randomInt } from 'node:crypto';
import { expect } from 'chai';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { AcknowledgedWrites } from './acknowledged-writes.js';
import { NodeProcess } from './node-process.js';
import { pause, ticketKeys, trafficEndpoints, trafficPlugins } from './traffic.js';

/** ROUNDS=100 for more. */
const rounds = Number(process.env.ROUNDS ?? 20);

describe(`two nodes and their Redis, ${rounds} times killed at a random moment`, () => {
  let redis: RedisProcess;
  let nodes: readonly NodeProcess[] = [];
  let writes: AcknowledgedWrites | undefined;

  before(needsRedis);
  before(async function () {
    this.timeout(60_000);
    redis = await RedisProcess.start();
    const keys = ticketKeys();
    nodes = ['north', 'south'].map(
      (name) => new NodeProcess(name, redis, trafficPlugins, trafficEndpoints, keys),
    );
    for (const node of nodes) await node.start();
  });
  after(async () => {
    await writes?.close();
    for (const node of nodes) await node.end();
    await redis?.end();
  });

  it('have every ban and account that was acknowledged, and let nobody in twice', async () => {
    const [north, south] = nodes as [NodeProcess, NodeProcess];
    writes = new AcknowledgedWrites([north, south]);
    await writes.open();
    await writes.start();
    const killed: Record<string, number> = {};
    for (let round = 0; round < rounds; round++) {
      await pause(randomInt(100, 1500));
      const victim = [north, south, redis][randomInt(3)] as NodeProcess | RedisProcess;
      const name = victim instanceof NodeProcess ? victim.name : 'redis';
      killed[name] = (killed[name] ?? 0) + 1;
      if (victim instanceof NodeProcess) {
        writes.leaves(victim);
        await victim.kill();
        await pause(randomInt(1000));
        await victim.start();
        writes.returned(victim);
      } else {
        await victim.kill();
        await pause(randomInt(1000));
        await victim.resume();
      }
    }
    await pause(3000);
    await writes.stop();
    const { bans, accounts, used, doubles, ended } = writes;
    const counts = [bans.length, accounts.length, used.length];
    console.log(`      ${JSON.stringify({ killed, counts, doubles, ended })}`);
    expect(Math.min(...counts)).to.be.greaterThan(rounds);
    expect(doubles).to.equal(0);
    for (const node of nodes) expect(await writes.missingAt(node)).to.deep.equal([]);
  }).timeout((rounds * 8 + 120) * 1000);
});
