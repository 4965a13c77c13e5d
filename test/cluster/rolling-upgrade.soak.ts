import { expect } from 'chai';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { AcknowledgedWrites } from './acknowledged-writes.js';
import { NodeProcess } from './node-process.js';
import { PreviousVersion } from './previous-version.js';
import { Traffic, ticketKeys, trafficEndpoints, trafficPlugins } from './traffic.js';

/** BEACONRY_PREVIOUS=COMMIT for another earlier state, SECONDS=60 for more traffic between the steps. */
const seconds = Number(process.env.SECONDS ?? 10);
const kinds = ['a2s', 'master', 'page', 'lobby', 'lobby-json', 'relay', 'signaling', 'auth'];

describe('nodes of two versions on one Redis', () => {
  let previous: PreviousVersion | undefined;
  let redis: RedisProcess;
  let nodes: readonly NodeProcess[] = [];
  let writes: AcknowledgedWrites | undefined;

  before(needsRedis);
  before(async function () {
    this.timeout(120_000);
    const built = PreviousVersion.build();
    if (typeof built === 'string') {
      console.log(`      skipped: ${built}`);
      return this.skip();
    }
    previous = built;
    redis = await RedisProcess.start();
    const keys = ticketKeys();
    nodes = ['north', 'south'].map(
      (name) => new NodeProcess(name, redis, trafficPlugins, trafficEndpoints, keys),
    );
    for (const node of nodes) await node.start(previous.main);
  });
  after(async () => {
    await writes?.close();
    for (const node of nodes) await node.end();
    await redis?.end();
    previous?.remove();
  });

  it('serve together while one after the other is replaced, and lose nothing that was acknowledged', async () => {
    const [north, south] = nodes as [NodeProcess, NodeProcess];
    writes = new AcknowledgedWrites([north, south]);
    await writes.open();
    await writes.start();
    const done: Record<string, Readonly<Record<string, number>>> = {};
    const serve = async (step: string): Promise<void> => {
      const traffic = new Traffic(north, south);
      await traffic.run(seconds, async () => {});
      done[step] = traffic.done;
      const failures = JSON.stringify({ step, failed: traffic.failed, reasons: traffic.reasons });
      for (const kind of kinds) expect(traffic.done[kind] ?? 0, failures).to.be.greaterThan(0);
    };
    const replace = async (node: NodeProcess): Promise<void> => {
      writes?.leaves(node);
      await node.kill('SIGTERM');
      await node.start();
      writes?.returned(node);
    };
    await serve('both old');
    await replace(south);
    await serve('old and new');
    await replace(north);
    await serve('both new');
    await writes.stop();
    const { bans, accounts, used, doubles, ended } = writes;
    const counts = [bans.length, accounts.length, used.length];
    console.log(`      ${previous?.commit}: ${JSON.stringify({ counts, doubles, ended, done })}`);
    expect(Math.min(...counts)).to.be.greaterThan(20);
    expect({ doubles, ended }).to.deep.equal({ doubles: 0, ended: 0 });
    for (const node of nodes) expect(await writes.missingAt(node)).to.deep.equal([]);
    for (const node of nodes) {
      const lines = node.log.split('\n').filter((line) => /"level":[56]0/.test(line));
      expect(lines).to.deep.equal([]);
    }
  }).timeout((seconds * 3 + 180) * 1000);
});
