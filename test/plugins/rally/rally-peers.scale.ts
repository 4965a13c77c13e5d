import { Rally } from 'beaconry/plugins/rally';
import { expect } from 'chai';
import {
  decodePeerPosition,
  encodePeerPosition,
} from '../../../plugins/rally/peer-position-codec.js';
import { PeerRally, until } from './peer-rally.js';
import type { RelayDriver } from './relay-driver.js';

describe('drivers with a relay network', function () {
  this.timeout(60_000);
  let rally: PeerRally;
  before(async () => {
    rally = await PeerRally.start();
  });
  after(() => rally?.close());
  afterEach(() => rally.end());

  const from = (driver: RelayDriver) =>
    driver
      .see()
      .map(({ number, from }) => `${number} ${from}`)
      .sort();

  it('see the two cars ahead where their drivers say, over a relay and without their addresses', async () => {
    await rally.host(3);
    const signaling = ['--signaling', rally.platform.signaling];
    const others = await Promise.all(
      [1, 2].map((number) => rally.driveByCommand(number, ...signaling)),
    );
    for (const process of others) await process.waitFor(/^Fell start/m);
    const third = await rally.drive(3, 30);
    await until('from both', () => from(third).join() === '1 peer,2 peer');
    const seen = new Map<number, Set<number>>();
    for (const end = Date.now() + 2000; Date.now() < end; ) {
      for (const { number, metres, from } of third.see()) {
        if (from === 'peer') seen.set(number, (seen.get(number) ?? new Set()).add(metres));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // The server says it once a second.
    for (const number of [1, 2]) expect(seen.get(number)?.size, `car ${number}`).at.least(10);
    expect([...third.heardFrom]).deep.equal([`127.0.0.1:${rally.platform.relayPort}`]);
    expect(third.ahead.refusals.get('peer-contradicts-server') ?? 0).equal(0);
    const [, second] = others;
    await second?.waitFor(/^ahead: car 1 \(its driver\)$/m);
  });

  it('believe the server when a driver lies, and no lie changes a time', async () => {
    await rally.host(0.3);
    const liar = await rally.drive(1, 30);
    await until('first on the road', () => liar.client.acknowledged?.control === 1);
    liar.lie = (bytes) => {
      const position = decodePeerPosition(bytes);
      // Farther by 300 m than it is; the server hears the truth.
      return encodePeerPosition({ ...position, metres: position.metres + 300 });
    };
    const honest = await rally.drive(2, 25);
    const third = await rally.drive(3, 20);
    await until('known as a liar', () => from(third).join() === '1 server,2 peer');
    expect(third.ahead.refusals.get('peer-contradicts-server')).above(0);
    const ways = third.see().map(({ metres }) => metres);
    expect(Math.max(...ways)).at.most(310);
    const { name, standings } = rally.server.get(Rally);
    expect([name, standings.length]).deep.equal(['Fell', 3]);
    const all = [liar, honest, third];
    await until('all at the end', () => all.every(({ client }) => client.orders?.next === 0xffff));
    const times = rally.server.get(Rally).standings.map((row) => [row.number, row.stageTime]);
    expect(times).deep.equal([
      [1, 10_000],
      [2, 12_000],
      [3, 15_000],
    ]);
  });

  it('go on with what the server says when a driver has no relay network, or is gone', async () => {
    await rally.host(4);
    const first = await rally.driveByCommand(1, '--signaling', rally.platform.signaling);
    await first.waitFor(/^Fell start/m);
    const second = await rally.driveByCommand(2);
    await second.waitFor(/^ahead: car 1 \(the server\)$/m);
    const third = await rally.drive(3, 25);
    await until('of each its own', () => from(third).join() === '1 peer,2 server');
    expect(third.failures.length, third.failures.join()).at.most(1);
    await first.kill();
    await until('from the server', () => from(third).join() === '1 server,2 server', 4);
    // The server lets go of who is silent for 15 s.
    await until('gone', () => from(third).join() === '2 server', 20);
  });
});
