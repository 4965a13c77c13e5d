import { expect } from 'chai';
import { eventually } from '../core/store/eventually.js';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { NodeProcess } from './node-process.js';

describe('three nodes as processes', () => {
  let redis: RedisProcess;
  const nodes: NodeProcess[] = [];

  before(needsRedis);
  before(async () => {
    redis = await RedisProcess.start();
    for (const name of ['north', 'south', 'west']) {
      nodes.push(new NodeProcess(name, redis, { bans: {} }));
    }
    await Promise.all(nodes.map((node) => node.start()));
  });
  after(async () => {
    for (const node of nodes) await node.end();
    await redis?.end();
  });

  const bansOf = async (node: NodeProcess): Promise<Set<string>> => {
    const found = new Set<string>();
    for (let after = 0; ; ) {
      const answer = await node.admin(`/bans?limit=1000&after=${after}`);
      const page = (await answer.json()) as { items: { subject: string }[]; next: number | null };
      for (const { subject } of page.items) found.add(subject);
      if (page.next === null) return found;
      after = page.next;
    }
  };

  it('lose nothing that was acknowledged when a node is killed and Redis dies and comes back under traffic', async () => {
    const acknowledged: string[] = [];
    const failures = new Map<string, number>();
    let running = true;
    const writers = nodes.map(async (node, n) => {
      for (let i = 0; running; i++) {
        const subject = `10.${n}.${i >> 8}.${i & 255}`;
        try {
          const answer = await node.admin('/bans', { subject: `${subject}/32`, reason: 'test' });
          const text = await answer.text();
          if (answer.status === 201) acknowledged.push(JSON.parse(text).subject as string);
          else failures.set(text, (failures.get(text) ?? 0) + 1);
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    });
    const more = async (count: number) => {
      const before = acknowledged.length;
      await eventually(() => acknowledged.length >= before + count, 20);
    };
    const [, dying] = nodes as [NodeProcess, NodeProcess];
    await more(60);
    await dying.kill();
    await more(40);
    await redis.kill();
    await eventually(async () => {
      const answer = await fetch(`http://${nodes[0]?.at('admin')}/readyz`);
      const { ready, reasons } = (await answer.json()) as { ready: boolean; reasons: string[] };
      return ready && reasons.some((reason) => reason.startsWith('store: redis'));
    });
    await redis.resume();
    await more(40);
    running = false;
    await Promise.all(writers);
    await dying.start();
    for (const node of nodes) {
      await eventually(async () => {
        const kept = await bansOf(node);
        return acknowledged.every((subject) => kept.has(subject));
      });
    }
    expect(acknowledged.length).to.be.greaterThan(140);
    expect(
      [...failures.keys()].filter((text) => !/STORE_(UNAVAILABLE|UNSURE)/.test(text)),
    ).to.deep.equal([]);
  }).timeout(60_000);

  it('have every acknowledged ban after Redis lost all of it', async () => {
    const before = await bansOf(nodes[0] as NodeProcess);
    await redis.kill();
    redis.empty();
    await redis.resume();
    const late = new NodeProcess('east', redis, { bans: {} });
    nodes.push(late);
    await eventually(async () => redis.ask('HLEN', 'processes:{/bans}:v') !== '0', 10);
    await late.start();
    await eventually(async () => {
      const kept = await bansOf(late);
      return [...before].every((subject) => kept.has(subject));
    }, 10);
  }).timeout(30_000);
});
