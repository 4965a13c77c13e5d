import { definePlugin } from 'beaconry';
import { RestartRequested } from 'beaconry/plugins/heartbeat';
import { Registrations } from 'beaconry/plugins/master';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import heartbeat from '../../../plugins/heartbeat/index.js';
import {
  decodeGameServerMessage,
  encodeMasterMessage,
  type GameServerMessage,
} from '../../../server-browser/master/heartbeat-codec.js';
import master from '../../../server-browser/master/index.js';
import { FakeGame, gameServer, player, snapshotOf } from './fake-game.js';

const masterAddress = '192.0.2.1:27011';

describe('plugin heartbeat', () => {
  let server: TestServer | undefined;
  const restarts: RestartRequested[] = [];
  const listener = definePlugin({
    name: 'listener',
    api: 1,
    setup: (context) => context.on(RestartRequested, (said) => void restarts.push(said)),
  });
  const start = async (game: FakeGame): Promise<TestServer> => {
    server = await startTestServer({
      plugins: { 'game-server': {}, heartbeat: { masters: [masterAddress] }, listener: {} },
      atHand: { heartbeat, 'game-server': gameServer(game), listener },
    });
    await server.clock.advance(0);
    return server;
  };
  const sent = (running: TestServer): GameServerMessage[] =>
    running.network.takeSentTo(masterAddress).map(decodeGameServerMessage);
  const say = (
    running: TestServer,
    message: Parameters<typeof encodeMasterMessage>[0],
    from = masterAddress,
  ) => running.ask('game', encodeMasterMessage(message), from);

  afterEach(async () => {
    await server?.stop();
    server = undefined;
    restarts.splice(0);
  });

  it('keeps the contract of plugins', async () => {
    await checkPluginContract(heartbeat, {
      plugins: { 'game-server': {}, heartbeat: {} },
      atHand: { 'game-server': gameServer(new FakeGame()) },
    });
  });

  it('asks for a challenge from the endpoint of the game and joins', async () => {
    const game = new FakeGame();
    game.players = [player('one')];
    const running = await start(game);
    expect(sent(running)).to.deep.equal([{ kind: 'challenge-request', echo: null }]);
    say(running, { kind: 'challenge', challenge: 42, echo: null });
    const [join] = sent(running);
    expect(join?.kind === 'join' && join.values.get('challenge')).to.equal('42');
    expect(join?.kind === 'join' && join.values.get('players')).to.equal('1');
  });

  it('stays silent while the game does not want to be listed', async () => {
    const game = new FakeGame(snapshotOf({ advertise: false }));
    const running = await start(game);
    await running.clock.advance(600_000);
    expect(sent(running)).to.deep.equal([]);
    game.update({ advertise: true });
    expect(sent(running)).to.deep.equal([{ kind: 'challenge-request', echo: null }]);
  });

  it('does not answer a stranger who pretends to be a master', async () => {
    const running = await start(new FakeGame());
    sent(running);
    expect(
      say(running, { kind: 'challenge', challenge: 42, echo: null }, '203.0.113.1:27011'),
    ).to.deep.equal([]);
    expect(sent(running)).to.deep.equal([]);
  });

  it('signs off when the server stops', async () => {
    const running = await start(new FakeGame());
    say(running, { kind: 'challenge', challenge: 42, echo: null });
    sent(running);
    await running.stop();
    expect(sent(running)).to.deep.equal([{ kind: 'shutdown' }]);
  });

  it('tells other plugins that a master wants the server restarted', async () => {
    const running = await start(new FakeGame());
    say(running, { kind: 'challenge', challenge: 42, echo: null });
    say(running, { kind: 'print', text: 'Please upgrade' });
    say(running, { kind: 'restart-request', challenge: 42 });
    await running.clock.advance(0);
    expect(restarts).to.deep.equal([{ master: masterAddress, text: 'Please upgrade' }]);
  });

  it('registers with the master plugin over real sockets', async () => {
    const game = new FakeGame(snapshotOf({ name: 'Real', tags: 'a,b' }));
    const lists = await startTestServer({
      plugins: { master: {} },
      atHand: { master },
      real: true,
    });
    const registrations = lists.get(Registrations);
    const came = new Promise<object>((resolve) => {
      registrations.onUpsert(({ address, name, tags, appId, serverType }) =>
        resolve({ from: address.toString(), name, tags, appId, serverType }),
      );
    });
    const running = await startTestServer({
      plugins: {
        'game-server': {},
        heartbeat: { masters: [lists.address('master').toString()] },
      },
      atHand: { heartbeat, 'game-server': gameServer(game) },
      real: true,
    });
    const registration = await came;
    const from = running.address('game').toString();
    const said = { name: 'Real', tags: 'a,b', appId: 240, serverType: 'd' };
    expect(registration).to.deep.equal({ from, ...said });
    const gone = new Promise<void>((resolve) => {
      registrations.onRemove(() => resolve());
    });
    await running.stop();
    await gone;
    await lists.stop();
  });
});
