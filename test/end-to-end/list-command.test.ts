import { PeerAddress } from 'beaconry';
import { FakeIpRegistrar, Registrations, ServerRegistrar } from 'beaconry/plugins/master';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { described } from '../server-browser/master/build.js';
import { BeaconryProcess } from './beaconry-process.js';

const FAKE = '169.254.3.7:30001';

describe('beaconry list', function () {
  this.timeout(20_000);
  let server: TestServer;
  afterEach(() => server.stop());

  it('asks the servers of a list, but none at a FakeIP, and says how to come to that', async () => {
    server = await startTestServer({
      real: true,
      plugins: { 'game-server': { name: 'Answering' }, a2s: {}, master: {} },
    });
    const game = server.address('game');
    server.get(FakeIpRegistrar).register(PeerAddress.parse(FAKE) as PeerAddress, described());
    server.get(ServerRegistrar).register(game, described(), { owner: {} });
    expect(server.get(Registrations).size).equal(2);
    const master = String(server.address('master'));
    const table = await new BeaconryProcess(['list', '--master', master]).ended;
    expect(table.stdout).match(/Answering/);
    expect(table.stdout).contain(`(FakeIP: beaconry forward client --to ${FAKE})`);
    const json = await new BeaconryProcess(['list', '--master', master, '--json']).ended;
    const items = JSON.parse(json.stdout);
    expect(items.map(({ address }: { address: string }) => address)).deep.equal([`${game}`, FAKE]);
    expect(items[1]).deep.equal({ address: FAKE, fakeIp: true });
  });
});
