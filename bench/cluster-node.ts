/** One node of `cluster.bench.ts`: node cluster-node.js NAME URL PREFIX; told how many tickets to register and check. */
import { raceTickets, TicketNode } from '../test/cluster/ticket-races.js';

const [, , name = '', url = '', prefix = ''] = process.argv;
const node = await TicketNode.start(name, url, prefix, 0);
const players = await node.players(16);
process.on('message', async (tickets: number) => {
  const { once } = await raceTickets([node], players, tickets);
  process.send?.(once);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
