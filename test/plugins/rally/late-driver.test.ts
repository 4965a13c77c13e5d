import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { readRally } from '../../../plugins/rally/definition.js';
import { DriverBot, syntheticPace } from '../../../plugins/rally/driver-bot.js';
import { layOut } from '../../../plugins/rally/itinerary.js';
import { RallyClient } from '../../../plugins/rally/rally-client.js';
import { fixture } from './simulated-rally.js';

describe('a driver who joins long after his start was due', () => {
  let test: TestServer;
  afterEach(() => test.stop());

  it('passes the control when he comes, with the penalty for that, and drives on', async () => {
    test = await startTestServer({
      plugins: { rally: { definition: fixture, authentication: 'entry-list', startDelay: '1s' } },
    });
    // Long enough that the node has no patience left for drivers of a node that was started again.
    await test.clock.advance(5 * 60_000);
    const definition = readRally(fixture);
    const [entry] = definition.entries;
    const client: RallyClient = new RallyClient({
      number: 1,
      steamId: entry?.driverId ?? 0n,
      carsHash: definition.carsHash,
      roadbookHashes: [...definition.roadbooks.values()].map(({ hash }) => hash),
      gameVersion: definition.rally.gameVersion,
      ...{ password: '', ticket: new Uint8Array() },
      send: (bytes) => {
        for (const answer of test.ask('game', bytes, '127.0.0.1:40001')) client.receive(answer);
      },
      now: () => test.clock.monotonic(),
    });
    const bot = new DriverBot(client, definition, layOut(definition), syntheticPace(1));
    for (let i = 0; i < 40; i++) {
      bot.drive();
      await test.clock.advance(50);
    }
    // What the server says by itself is not an answer; it comes with the next second.
    expect(client.acknowledged?.control).to.equal(0);
    const { items } = (await test.request('/v1/rally/penalties')).json() as {
      items: { number: number; reason: string }[];
    };
    expect(items.map(({ number, reason }) => `${number} ${reason}`)).to.deep.equal([
      '1 4 min late: Friday',
    ]);
  });
});
