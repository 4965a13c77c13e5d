import {
  challengeAt,
  decodeInfo,
  decodeObsoleteInfo,
  decodePlayers,
  decodeRules,
  encodeQuery,
  FragmentAssembler,
  type QueryKind,
} from 'beaconry/a2s-query';
import { GameServerState } from 'beaconry/plugins/game-server';
import { Rules } from 'beaconry/plugins/rules';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import a2s from '../../../server-browser/a2s/index.js';

describe('plugin a2s', () => {
  let test: TestServer | undefined;
  afterEach(() => test?.stop());

  const start = async (
    plugins: Record<string, Record<string, unknown>>,
    endpoints = {},
  ): Promise<TestServer> => {
    test = await startTestServer({ plugins, endpoints });
    return test;
  };
  const answer = (server: TestServer, kind: QueryKind, endpoint = 'game'): Uint8Array => {
    const [given] = server.ask(endpoint, encodeQuery(kind, null));
    const packets = server.ask(endpoint, encodeQuery(kind, challengeAt(given as Uint8Array, 5)));
    if (packets.length === 1) return packets[0] as Uint8Array;
    const assembler = new FragmentAssembler();
    return packets.map((packet) => assembler.add(packet)).at(-1) as Uint8Array;
  };

  it('keeps the contract of plugins', () =>
    checkPluginContract(a2s, { plugins: { 'game-server': {}, a2s: {} } }));

  it('shows a whole server that the configuration states', async () => {
    const server = await start({
      'game-server': {
        name: 'Stated',
        map: 'de_dust2',
        players: [{ name: 'alice', score: 7, duration: 60 }],
        bots: 1,
        tags: 'a,b',
      },
      rules: { values: { sv_gravity: '800' } },
      a2s: {},
    });
    const info = decodeInfo(answer(server, 'info'));
    expect([info.name, info.map, info.players, info.bots]).to.deep.equal([
      'Stated',
      'de_dust2',
      1,
      1,
    ]);
    expect(info.extra?.keywords).to.equal('a,b');
    const [alice] = decodePlayers(answer(server, 'players')).players;
    expect(alice).to.deep.equal({ index: 0, name: 'alice', score: 7, duration: 60 });
    const [rule] = decodeRules(answer(server, 'rules')).rules;
    expect([rule?.name, rule?.value]).to.deep.equal(['sv_gravity', '800']);
  });

  it('shows the port of its endpoint as game port, and leaves it out where it is null', async () => {
    const live = await start({ 'game-server': {}, a2s: {} });
    expect(decodeInfo(answer(live, 'info')).extra?.gamePort).to.equal(live.address('game').port);
    await live.stop();
    const without = await start({ 'game-server': { gamePort: null }, a2s: {} });
    expect(decodeInfo(answer(without, 'info')).extra).not.to.have.property('gamePort');
  });

  it('answers rules with none when no plugin offers them', async () => {
    const server = await start({ 'game-server': {}, a2s: {} });
    expect(decodeRules(answer(server, 'rules')).rules).to.deep.equal([]);
  });

  it('follows the game and the rules while it runs', async () => {
    const server = await start({ 'game-server': {}, rules: {}, a2s: {} });
    answer(server, 'info');
    server.get(GameServerState).update({ map: 'next' });
    server.get(Rules).set('round', '2');
    expect(decodeInfo(answer(server, 'info')).map).to.equal('next');
    expect(decodeRules(answer(server, 'rules')).rules).to.have.length(1);
  });

  it('answers on several endpoints with one state', async () => {
    const server = await start(
      { 'game-server': { name: 'Both' }, a2s: { endpoint: ['game', 'other'] } },
      { other: { udp: '127.0.0.1:0' } },
    );
    for (const endpoint of ['game', 'other']) {
      expect(decodeInfo(answer(server, 'info', endpoint)).name).to.equal('Both');
    }
  });

  it('gives the obsolete answer with its own address when configured', async () => {
    const server = await start({ 'game-server': { name: 'HL' }, a2s: { answer: 'goldsrc' } });
    const { address, name } = decodeObsoleteInfo(answer(server, 'info'));
    expect([address, name]).to.deep.equal([server.address('game').toString(), 'HL']);
  });

  it('cuts long answers in the configured format', async () => {
    const values = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`rule_${i}`, 'some value']),
    );
    const server = await start({
      'game-server': {},
      rules: { values },
      a2s: { split: 'goldsrc' },
    });
    const [given] = server.ask('game', encodeQuery('rules', null));
    const packets = server.ask('game', encodeQuery('rules', challengeAt(given as Uint8Array, 5)));
    expect(packets.map((packet) => packet[8])).to.deep.equal([0x03, 0x13, 0x23]);
    expect(decodeRules(answer(server, 'rules')).rules).to.have.length(200);
  });
});
