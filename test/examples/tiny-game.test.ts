import { fileURLToPath } from 'node:url';
import type { Plugin } from 'beaconry';
import { challengeAt, decodePlayers, encodeQuery } from 'beaconry/a2s-query';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';

const folder = fileURLToPath(new URL('../../../examples/tiny-game/', import.meta.url));

describe('the tiny game', () => {
  let plugin: Plugin;
  let server: TestServer | undefined;
  before(async () => {
    plugin = ((await import(`${folder}tiny-game.js`)) as { default: Plugin }).default;
  });
  beforeEach(async () => {
    server = await startTestServer({
      plugins: { 'game-server': { maxPlayers: 2 }, a2s: {}, 'tiny-game': {} },
      atHand: { 'tiny-game': plugin },
    });
  });
  afterEach(() => server?.stop());

  const say = (text: string, from = '192.0.2.1:5000') =>
    server?.ask('game', Buffer.from(text), from).map((answer) => Buffer.from(answer).toString());
  const join = (name: string, from: string) => say(`IN ${say('HI', from)?.[0]} ${name}`, from);
  const shown = () => {
    const asked = server?.ask('game', encodeQuery('players', null))[0] as Uint8Array;
    const answer = server?.ask('game', encodeQuery('players', challengeAt(asked, 5)));
    return decodePlayers(answer?.[0] as Uint8Array).players.map(({ name }) => name);
  };

  it('keeps the contract of plugins', () =>
    checkPluginContract(plugin, {
      plugins: { 'game-server': {}, 'tiny-game': {} },
    }));

  it('speaks its own protocol on the port on which A2S answers', () => {
    expect(join('ada', '192.0.2.1:5000')).deep.equal(['1 in']);
    expect(join('grace', '192.0.2.1:5001')).deep.equal(['2 in']);
    expect(shown()).deep.equal(['ada', 'grace']);
    say(`OUT ${say('HI')?.[0]}`);
    expect(shown()).deep.equal(['grace']);
  });

  it('keeps nothing for whoever cannot receive at the address he names, and no more players than fit', () => {
    expect(say('IN 00000001 mallory')).deep.equal([]);
    for (let i = 0; i < 5; i++) join(`player ${i}`, `192.0.2.${i + 1}:5000`);
    expect(shown()).deep.equal(['player 0', 'player 1']);
  });

  it('drops a player who falls silent', async () => {
    join('ada', '192.0.2.1:5000');
    await server?.clock.advance(12_000);
    expect(shown()).deep.equal([]);
  });
});

describe('the configuration of the tiny game', () => {
  const data = temporaryFolder();
  let running: BeaconryProcess | undefined;
  afterEach(async () => {
    await running?.kill();
  });

  it('starts as it is', async () => {
    running = new BeaconryProcess([
      ...['start', `${folder}beaconry.yaml`],
      ...['--set', 'endpoints.game.udp=127.0.0.1:0', '--set', `data=${data.path}`],
    ]);
    const { plugins } = await running.ready();
    expect(plugins['tiny-game']).equal('running');
  });
});
