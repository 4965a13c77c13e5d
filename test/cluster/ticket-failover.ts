import { expect } from 'chai';
import { SentinelRig } from './sentinel-rig.js';
import { type RaceResult, raceTickets, TicketNode } from './ticket-races.js';

/**
 * Races tickets from two nodes; a third of the way through, the replica is cut off from the primary, which is killed a
 * second later. The replica, which lacks that second, is promoted, and the old primary becomes its replica.
 */
export async function raceThroughFailover(tickets: number): Promise<RaceResult> {
  const rig = await SentinelRig.start();
  const nodes: TicketNode[] = [];
  try {
    for (const name of ['one', 'other']) {
      nodes.push(await TicketNode.start(name, rig.url, 'failover', 1));
    }
    const players = await (nodes[0] as TicketNode).players(16);
    let failover: Promise<void> | undefined;
    const result = await raceTickets(nodes, players, tickets, (raced) => {
      if (raced >= tickets / 3) failover ??= loseLastSecond(rig);
    });
    await failover;
    expect(rig.replica.ask('INFO', 'replication')).to.include('role:master');
    expect(rig.replica.ask('EXISTS', lateKey)).to.equal('0');
    return result;
  } finally {
    for (const node of nodes) await node.close();
    await rig.end();
  }
}

/** Written when the replica heard nothing for a second. */
const lateKey = 'written-too-late-for-the-replica';

async function loseLastSecond({ primary, replica }: SentinelRig): Promise<void> {
  replica.pause();
  // Else the kernel keeps for the replica what the primary still sends, and it lacks nothing.
  primary.ask('CLIENT', 'KILL', 'TYPE', 'replica');
  await pause(1000);
  primary.ask('SET', lateKey, '1');
  await primary.kill();
  replica.unpause();
  // Sentinel makes it the replica of the promoted one when it is back.
  await pause(3000);
  await primary.resume();
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
