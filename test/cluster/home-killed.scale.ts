import { RelayClient } from 'beaconry/relay-client';
import { expect } from 'chai';
import { eventually } from '../core/store/eventually.js';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { openPipe, startGame } from '../plugins/vcmi-lobby/start-games.js';
import { NodeProcess } from './node-process.js';

const ANY = '127.0.0.1:0';
const plugins = { 'vcmi-lobby': { perAddressLimit: 0 }, relay: { perAddressLimit: 0 } };
const endpoints = { lobby: { tcp: ANY }, relay: { tcp: ANY } };

describe('nodes whose home is killed', () => {
  let redis: RedisProcess;
  let nodes: NodeProcess[] = [];
  const port = (node: NodeProcess | undefined) => Number(node?.at('lobby').split(':').at(-1));
  /** Whether all connections of that plugin meet on the node. */
  const isHome = async (node: NodeProcess, plugin: string): Promise<boolean> => {
    const answer = await fetch(`http://${node.at('admin')}/metrics`, {
      headers: { authorization: 'Bearer secret' },
    });
    return new RegExp(`^beaconry_${plugin}_home(?:\\{[^}]*\\})? 1$`, 'm').test(await answer.text());
  };
  const homeOf = async (plugin: string): Promise<NodeProcess | undefined> => {
    for (const node of nodes) if (await isHome(node, plugin)) return node;
    return undefined;
  };

  before(needsRedis);
  before(async function () {
    this.timeout(60_000);
    redis = await RedisProcess.start();
    nodes = ['north', 'south', 'west'].map(
      (name) => new NodeProcess(name, redis, plugins, endpoints),
    );
    // The first becomes the home of all.
    for (const node of nodes) await node.start();
  });
  after(async () => {
    for (const node of nodes) await node.end();
    await redis?.end();
  });

  it('let its clients go, choose another home within six seconds and play on', async () => {
    const [home, south, west] = nodes as [NodeProcess, NodeProcess, NodeProcess];
    expect(await isHome(home, 'vcmi_lobby')).to.equal(true);
    expect(await isHome(home, 'relay')).to.equal(true);
    const pair = await startGame(port(south), 1, port(west));
    const pipe = await openPipe(port(west), pair, port(south));
    let closed = 0;
    for (const socket of pipe) socket.on('close', () => closed++).resume();
    const peers = await Promise.all(
      [south, west].map((node) =>
        RelayClient.connect(`tcp://${node.at('relay')}`, { onClose: () => closed++ }),
      ),
    );
    await home.kill();
    nodes = [south, west];
    await eventually(() => closed === pipe.length + peers.length);
    await eventually(async () => {
      const homes = [await homeOf('vcmi_lobby'), await homeOf('relay')];
      return homes.every((node) => node !== undefined);
    }, 6);
    // Who comes to a node that has not looked yet comes again.
    let games = 2;
    const again = await untilServed(() => startGame(port(west), games++, port(south)));
    const [server, client] = await openPipe(port(south), again, port(west));
    const heard = new Promise<Buffer>((resolve) => client.once('data', resolve));
    server.write('played on');
    client.resume();
    expect(String(await heard)).to.equal('played on');
    for (const socket of [server, client]) socket.destroy();
    const words: string[] = [];
    const one = await untilServed(() =>
      RelayClient.connect(`tcp://${south.at('relay')}`, {
        onMessage: ({ payload }) => words.push(String(payload)),
      }),
    );
    const other = await untilServed(() => RelayClient.connect(`tcp://${west.at('relay')}`));
    other.send(one.id, 'talked on');
    await eventually(() => words.includes('talked on'));
    one.close();
    other.close();
  }).timeout(30_000);

  it('take the killed one back, which is no home then', async () => {
    const back = new NodeProcess('north', redis, plugins, endpoints);
    await back.start();
    nodes.push(back);
    expect(await isHome(back, 'vcmi_lobby')).to.equal(false);
    const [south] = nodes;
    const pair = await startGame(port(back), 1000, port(south));
    for (const socket of await openPipe(port(south), pair, port(back))) socket.destroy();
  }).timeout(30_000);
});

/** Tries again for two seconds, as clients do. */
async function untilServed<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 2000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
