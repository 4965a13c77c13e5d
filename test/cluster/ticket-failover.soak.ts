import { expect } from 'chai';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { raceThroughFailover } from './ticket-failover.js';
import { raceTickets, TicketNode } from './ticket-races.js';

/** Fewer where the machine has no ten minutes: TICKETS=20000. */
const tickets = Number(process.env.TICKETS ?? 100_000);

describe(`${tickets} tickets raced from two nodes`, () => {
  before(needsRedis);

  it('get in once each', async () => {
    const redis = await RedisProcess.start();
    const nodes: TicketNode[] = [];
    try {
      for (const name of ['one', 'other']) {
        nodes.push(await TicketNode.start(name, redis.url, 'tickets', 0));
      }
      const players = await (nodes[0] as TicketNode).players(64);
      const result = await raceTickets(nodes, players, tickets);
      console.log(`      ${JSON.stringify(result)}`);
      expect(result).to.deep.include({ once: tickets, doubles: 0 });
    } finally {
      for (const node of nodes) await node.close();
      await redis.end();
    }
  });

  it('get in at most once while a replica that lacks the last second takes over', async () => {
    const result = await raceThroughFailover(tickets);
    console.log(`      ${JSON.stringify(result)}`);
    expect(result.doubles).to.equal(0);
  });
});
