import { expect } from 'chai';
import type { PlayerLink } from '../../plugins/steam-backend/public.js';
import { eventually } from '../core/store/eventually.js';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { authPartOf, raceTickets, registerTicket, TicketNode, useTicket } from './ticket-races.js';

describe('tickets on several nodes', () => {
  let redis: RedisProcess;
  const nodes: TicketNode[] = [];

  before(needsRedis);
  before(async () => {
    redis = await RedisProcess.start();
    for (const name of ['one', 'other']) {
      nodes.push(await TicketNode.start(name, redis.url, 'tickets', 0));
    }
  });
  after(async () => {
    for (const node of nodes) await node.close();
    await redis?.end();
  });

  it('let in once, wherever they are shown and however close together', async () => {
    const players = await (nodes[0] as TicketNode).players(10);
    expect(await raceTickets(nodes, players, 200)).to.deep.equal({
      tickets: 200,
      once: 200,
      doubles: 0,
      refused: 0,
    });
  });

  it('let nobody in once Redis has forgotten them', async () => {
    const [node] = nodes as [TicketNode];
    const [player] = (await node.players(1)) as [PlayerLink];
    const [token = 0n] = node.backend.tickets.newPool(player.resume.connection);
    const authPart = authPartOf(token, player.steamId);
    await registerTicket(node, player, authPart);
    await redis.kill();
    redis.empty();
    await redis.resume();
    const answers = new Set<string>();
    // Unsure is a node that learns in this moment that Redis is another one.
    await eventually(async () => {
      const uses = nodes.map(({ server }) => useTicket(server, player, authPart));
      const now = await Promise.all(uses);
      for (const answer of now) answers.add(answer);
      return now.every((answer) => answer === 'out');
    });
    expect(answers.has('in')).to.equal(false);
  });
});
