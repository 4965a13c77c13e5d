import { definePlugin } from 'beaconry';
import { SteamGameServer } from 'beaconry/plugins/game-server';
import { RestartRequested } from 'beaconry/plugins/heartbeat';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';

describe('a master that finds the server out of date', () => {
  let test: TestServer;
  afterEach(() => test.stop());

  it('is told to the game by wasRestartRequested, once', async () => {
    let request = () => {};
    const masters = definePlugin({
      name: 'masters',
      api: 1,
      setup(context) {
        request = () => context.emit(RestartRequested, { master: 'm:27011', text: 'old' });
      },
    });
    test = await startTestServer({
      plugins: { 'game-server': {}, masters: {} },
      atHand: { masters },
    });
    const server = test.get(SteamGameServer);
    server.serverInit('', 27015, 27016, 3, '1.0.0.0');
    expect(server.wasRestartRequested()).equal(false);
    request();
    expect([server.wasRestartRequested(), server.wasRestartRequested()]).deep.equal([true, false]);
  });
});
