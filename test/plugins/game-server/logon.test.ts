import type { SteamBackend } from 'beaconry/plugins/steam-backend';
import { EResult } from 'beaconry/steam';
import { expect } from 'chai';
import { serverTransitions } from '../../../plugins/game-server/server-states.js';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

const failure = (result: EResult, retrying: boolean) => ({
  signal: 'server_connect_failure',
  data: { result, retrying },
});

describe('logon of a game server', () => {
  let world: SteamWorld;

  beforeEach(async () => {
    world = await SteamWorld.start();
  });
  afterEach(() => world.close());

  /** Logs on with the token and gives the first signals. */
  async function tryToken(token: string, choices = {}): Promise<[TestGameServer, unknown[]]> {
    const game = world.server(choices);
    game.init();
    game.server.logOn(token);
    return [game, await game.pump()];
  }

  async function ownedToken(): Promise<{ owner: bigint; steamId: bigint; loginToken: string }> {
    const { steamId: owner } = await world.administration.createAccount();
    const made = await world.administration.createServerAccount({ owner, appId: APP });
    return { owner, ...made };
  }

  describe('results (2.2)', () => {
    it('backend not reachable: 3, retrying', async () => {
      const [game, said] = await tryToken('', { backend: undefined });
      expect(said).to.eql([failure(EResult.NoConnection, true)]);
      expect(game.server.state).to.equal('retrying');
    });

    it('no answer in time: 16, retrying', async () => {
      const silent = {
        kind: 'local',
        logOnServer: () => new Promise(() => {}),
      } as unknown as SteamBackend;
      const [game, said] = await tryToken('', { backend: silent });
      expect(said).to.eql([]);
      expect(await game.pump(20_000)).to.eql([failure(EResult.Timeout, true)]);
    });

    it('backend in maintenance (its store fails): 20, retrying', async () => {
      const { loginToken } = await ownedToken();
      await world.store.close();
      const [, said] = await tryToken(loginToken);
      expect(said).to.eql([failure(EResult.ServiceUnavailable, true)]);
    });

    it('token malformed (not 32 hex): 8, final', async () => {
      const [game, said] = await tryToken('nonsense');
      expect(said).to.eql([failure(EResult.InvalidParam, false)]);
      expect(game.server.state).to.equal('ready');
    });

    it('token unknown, deleted, or reset: 5, final', async () => {
      const { steamId, loginToken } = await ownedToken();
      await world.administration.resetLoginToken(steamId);
      expect((await tryToken(loginToken))[1]).to.eql([failure(EResult.InvalidPassword, false)]);
      expect((await tryToken('0'.repeat(32)))[1]).to.eql([failure(EResult.InvalidPassword, false)]);
      const other = await ownedToken();
      await world.administration.deleteServerAccount(other.steamId);
      const [, said] = await tryToken(other.loginToken);
      expect(said).to.eql([failure(EResult.InvalidPassword, false)]);
    });

    it('token made for another app id: 5, final', async () => {
      const [, said] = await tryToken(await world.token(570));
      expect(said).to.eql([failure(EResult.InvalidPassword, false)]);
    });

    it('token expired by disuse: 106, retrying every 7 to 10 s', async () => {
      const { loginToken } = await ownedToken();
      world.clock.jump(366 * 86_400_000);
      const [game, said] = await tryToken(loginToken);
      expect(said).to.eql([failure(EResult.GSLTExpired, true)]);
      expect(await game.pump(6_900)).to.eql([]);
      expect(await game.pump(3_100)).to.eql([failure(EResult.GSLTExpired, true)]);
    });

    it("token's account banned: 102, final", async () => {
      const { steamId, loginToken } = await ownedToken();
      await world.administration.setServerBan(steamId, null);
      expect((await tryToken(loginToken))[1]).to.eql([failure(EResult.GSLTDenied, false)]);
    });

    for (const change of [{ locked: true }, { communityBanned: true }, { phone: false }]) {
      it(`owner of the token with ${JSON.stringify(change)}: 103, final`, async () => {
        const { owner, loginToken } = await ownedToken();
        await world.administration.changeAccount(owner, change);
        expect((await tryToken(loginToken))[1]).to.eql([failure(EResult.GSOwnerDenied, false)]);
      });
    }

    it('server IP banned: 105, final', async () => {
      await world.administration.banAddress('203.0.113.0/24', null);
      const [, said] = await tryToken(await world.token(), { address: '203.0.113.7' });
      expect(said).to.eql([failure(EResult.IPBanned, false)]);
    });

    it('too many logons (ten wrong tokens a minute from one address): 84, retrying', async () => {
      for (let i = 0; i < 10; i++) await tryToken('F'.repeat(32));
      const [game, said] = await tryToken(await world.token());
      expect(said).to.eql([failure(EResult.RateLimitExceeded, true)]);
      const elsewhere = await tryToken(await world.token(), { address: '198.51.100.1' });
      expect(elsewhere[0].server.loggedOn()).to.equal(true);
      await game.pump(70_000);
      expect(game.server.loggedOn()).to.equal(true);
    });

    it('a token used twice: the older session loses with 34 and does not retry', async () => {
      const token = await world.token();
      const [older] = await tryToken(token);
      const [newer] = await tryToken(token);
      const lost = { signal: 'server_disconnected', data: { result: 34 } };
      expect(await older.pump()).to.eql([lost]);
      expect(await older.pump(60_000)).to.eql([]);
      expect([older.server.state, newer.server.state]).to.eql(['off', 'on']);
    });

    it('a token used twice with newer-refused: the newer one gets 6', async () => {
      await world.restart({ tokenConflict: 'newer-refused' });
      const token = await world.token();
      const [older] = await tryToken(token);
      const [, said] = await tryToken(token);
      expect(said).to.eql([failure(EResult.LoggedInElsewhere, false)]);
      expect(older.server.loggedOn()).to.equal(true);
    });

    it('anonymous servers can be refused altogether: 15', async () => {
      await world.restart({ anonymousServers: 'refused' });
      expect((await tryToken(''))[1]).to.eql([failure(EResult.AccessDenied, false)]);
    });
  });

  describe('states (1.1)', () => {
    it('the whole table', () => {
      expect(serverTransitions).to.eql({
        down: { init: 'ready' },
        ready: { 'log-on': 'logging-on', shutdown: 'down' },
        'logging-on': {
          ...{ accepted: 'on', refused: 'ready', failed: 'retrying', 'log-off': 'off' },
          shutdown: 'down',
        },
        on: { 'connection-lost': 'retrying', expelled: 'off', 'log-off': 'off', shutdown: 'down' },
        retrying: {
          ...{ accepted: 'on', failed: 'retrying', refused: 'ready', 'log-off': 'off' },
          shutdown: 'down',
        },
        off: { 'log-on': 'logging-on', shutdown: 'down' },
      });
    });

    it('Ready -> LoggingOn -> On: server_connected, then policy_response', async () => {
      const game = world.server();
      game.init();
      expect(game.server.state).to.equal('ready');
      game.server.logOn(await world.token());
      expect(game.server.state).to.equal('logging-on');
      expect(await game.pump()).to.eql([
        { signal: 'server_connected', data: {} },
        { signal: 'policy_response', data: { secure: 1 } },
      ]);
      expect(game.server.state).to.equal('on');
    });

    it('logOn while logging on or on is ignored', async () => {
      const [game] = await tryToken(await world.token());
      const id = game.server.getSteamID();
      game.server.logOnAnonymous();
      expect(await game.pump()).to.eql([]);
      expect(game.server.getSteamID()).to.equal(id);
    });

    it('On -> Retrying -> On: disconnected, the id is kept, connected again, policy not repeated', async () => {
      const [game] = await tryToken(await world.token());
      const id = game.server.getSteamID();
      const online = (await world.backend.tables.online.get(id.toString())) ?? '';
      const held = world.backend.connections.heldBy(online) as unknown as {
        drop(): void;
        events: { lost(result: number, retrying: boolean): void };
      };
      held.drop();
      held.events.lost(3, true);
      expect(await game.pump()).to.eql([{ signal: 'server_disconnected', data: { result: 3 } }]);
      expect(game.server.state).to.equal('retrying');
      expect([game.server.getSteamID(), game.server.secure()]).to.eql([id, true]);
      expect(await game.pump(8_000)).to.eql([{ signal: 'server_connected', data: {} }]);
      expect(game.server.getSteamID()).to.equal(id);
    });

    it('On|Retrying -> Off by logOff, and a new logon may follow', async () => {
      const token = await world.token();
      const [game] = await tryToken(token);
      game.server.logOff();
      expect(game.server.state).to.equal('off');
      await game.pump();
      game.server.logOn(token);
      expect((await game.pump())[0]?.signal).to.equal('server_connected');
    });

    it('shutdown promises no signal and allows another init', async () => {
      const [game] = await tryToken(await world.token());
      game.server.serverShutdown();
      expect(await game.pump()).to.eql([]);
      expect(game.server.state).to.equal('down');
      expect(game.init()).to.equal(true);
    });

    it('an anonymous server keeps its identity over a short cut', async () => {
      const [game] = await tryToken('');
      const id = game.server.getSteamID();
      await world.restart();
      const link = game.server as unknown as { getSteamID(): bigint };
      expect(link.getSteamID()).to.equal(id);
    });
  });
});
