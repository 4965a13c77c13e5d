import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { GameDig } from 'gamedig';
import {
  queryGameServerInfo,
  queryGameServerPlayer,
  queryGameServerRules,
} from 'steam-server-query';
import { type QuakestatServer, quakestat } from './quakestat.js';

const facts = {
  name: 'Real server',
  map: 'de_dust2',
  modDir: 'cstrike',
  description: 'Counter-Strike: Source',
  version: '1.0.0.70',
  maxPlayers: 32,
  secure: true,
  tags: 'alltalk,nocrits',
  players: [
    { name: 'alice', score: 5, duration: 12 },
    { name: 'bob', score: -3, duration: 3600 },
  ],
};
const rulesOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`rule_${i}`, `value of rule ${i}`]));

describe('A2S for real clients', () => {
  let server: TestServer | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  /** A server whose rules take several packets, unless told otherwise. */
  const start = async (state = {}, a2s = {}, rules = 150): Promise<number> => {
    server = await startTestServer({
      real: true,
      plugins: {
        'game-server': { ...facts, appId: 240, ...state },
        rules: { values: rulesOf(rules) },
        a2s,
      },
    });
    return server.address('game').port;
  };

  describe('gamedig', () => {
    const ask = (port: number) =>
      GameDig.query({
        type: 'protocol-valve',
        host: '127.0.0.1',
        port,
        requestRules: true,
        givenPortOnly: true,
      });

    it('sees server, players and rules', async () => {
      const state = await ask(await start({ steamId: '90071992547409921' }));
      expect([state.name, state.map, state.version]).to.deep.equal([
        'Real server',
        'de_dust2',
        '1.0.0.70',
      ]);
      expect([state.numplayers, state.maxplayers, state.password]).to.deep.equal([2, 32, false]);
      expect(state.raw.steamid).to.equal('90071992547409921');
      expect(state.raw.tags).to.deep.equal(['alltalk', 'nocrits']);
      const scores = state.players.map(({ name, raw }) => [name, raw.score]);
      expect(scores).to.have.deep.members([
        ['alice', 5],
        ['bob', -3],
      ]);
    });

    it('sees an app id past 16 bits', async () => {
      expect((await ask(await start({ appId: 252490 }))).raw.appId).to.equal(252490);
    });

    for (const [split, state] of [
      ['source', { appId: 730 }],
      ['source-nosize', { appId: 240, protocol: 7 }],
      ['goldsrc', { appId: 70, protocol: 48 }],
    ] as const) {
      it(`joins long answers split for ${split}`, async () => {
        const { raw } = await ask(await start(state, { split }));
        expect(raw.rules).to.deep.equal(rulesOf(150));
      });
    }
  });

  describe('steam-server-query', () => {
    const at = (port: number) => `127.0.0.1:${port}`;

    it('sees the server', async () => {
      const info = await queryGameServerInfo(at(await start()));
      expect([info.name, info.map, info.folder, info.game]).to.deep.equal([
        'Real server',
        'de_dust2',
        'cstrike',
        'Counter-Strike: Source',
      ]);
      expect([info.players, info.maxPlayers, info.keywords]).to.deep.equal([
        2,
        32,
        'alltalk,nocrits',
      ]);
    });

    it('sees players and rules, each with a challenge of its own socket', async () => {
      const server = at(await start({}, {}, 20));
      const { players } = await queryGameServerPlayer(server);
      expect(players.map(({ name, score }) => [name, score])).to.deep.equal([
        ['alice', 5],
        ['bob', -3],
      ]);
      const { rules } = await queryGameServerRules(server);
      expect(rules.map(({ name, value }) => [name, value])).to.deep.equal(
        Object.entries(rulesOf(20)),
      );
    });
  });

  describe('quakestat', () => {
    const ask = async (context: Mocha.Context, port: number): Promise<QuakestatServer> => {
      const servers = await quakestat('-P', '-R', '-a2s', `127.0.0.1:${port}`);
      if (servers === undefined) {
        console.log('      skipped: needs qstat');
        context.skip();
      }
      expect(servers).to.have.length(1);
      return servers[0] as QuakestatServer;
    };

    it('sees server, players and rules', async function () {
      const seen = await ask(this, await start());
      expect([seen.status, seen.name, seen.map]).to.deep.equal([
        'online',
        'Real server',
        'de_dust2',
      ]);
      expect([seen.numplayers, seen.maxplayers]).to.deep.equal([2, 32]);
      expect(seen.players?.map(({ name, score }) => [name, score])).to.have.deep.members([
        ['alice', 5],
        ['bob', -3],
      ]);
      expect(seen.rules).to.include(rulesOf(150));
    });

    it('joins long answers split for goldsrc', async function () {
      const seen = await ask(this, await start({ appId: 70 }, { split: 'goldsrc' }));
      expect(seen.rules).to.include(rulesOf(150));
    });

    it('reads the obsolete answer', async function () {
      const seen = await ask(
        this,
        await start({ protocol: 47 }, { answer: 'goldsrc', split: 'goldsrc' }),
      );
      expect([seen.name, seen.map, seen.numplayers]).to.deep.equal(['Real server', 'de_dust2', 2]);
      expect(seen.rules).to.include(rulesOf(150));
    });
  });
});
