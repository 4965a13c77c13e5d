import { EResult } from 'beaconry/steam';
import type { SteamClient } from 'beaconry/steam-client';
import { expect } from 'chai';
import { Table } from '../../../plugins/steam-backend/backend-tables.js';
import type { HeldConnection } from '../../../plugins/steam-backend/connections.js';
import type { PlayerLink, ServerLogon } from '../../../plugins/steam-backend/public.js';
import { APP, SteamWorld, type TestGameServer, type WorldOptions } from './steam-world.js';

/** The backend on two nodes: players are logged on at the first, the game server at the other. */
describe('the backend on two nodes', () => {
  let players: SteamWorld;
  let games: SteamWorld;
  let game: TestGameServer;
  let player: SteamClient;

  const begin = async (options: WorldOptions = {}): Promise<void> => {
    players = await SteamWorld.start(options);
    games = await players.join('south');
    game = await games.serverOn();
    player = (await players.player()).client;
  };
  const approved = async (): Promise<void> => {
    const ticket = await players.ticket(player);
    expect(game.server.beginAuthSession(ticket, player.steamId)).to.equal(0);
    await game.pump();
    expect(game.server.sessions().map(({ state }) => state)).to.deep.equal(['valid']);
  };
  const ban = () =>
    players.administration.ban({
      ...{ steamId: player.steamId, appId: APP, kind: 'vac', by: 'test', reason: '' },
    });
  /** Logs the same account on once more. */
  const again = async (world: SteamWorld, steamId = player.steamId): Promise<SteamClient> => {
    const { accountKey } = await players.administration.resetAccountKey(steamId);
    const client = world.client();
    await client.logOn({ accountKey });
    return client;
  };

  afterEach(async () => {
    games.leave();
    await players.close();
  });

  it('tells the node of the game server of a ban, a lost licence and another logon', async () => {
    await begin();
    await approved();
    await ban();
    expect(await game.verdicts()).to.eql([[3, player.steamId]]);
    player = (await players.player()).client;
    game.server.sessions().map(({ steamId }) => game.server.endAuthSession(steamId));
    await approved();
    await players.administration.revokeLicence(player.steamId, APP);
    expect(await game.verdicts()).to.eql([[2, player.steamId]]);
    game.server.sessions().map(({ steamId }) => game.server.endAuthSession(steamId));
    player = (await players.player()).client;
    await approved();
    const { steamId } = player;
    await again(games);
    expect(await game.verdicts()).to.eql([[4, steamId]]);
    expect(player.loggedOn).to.equal(false);
  });

  it('lets the newer of two logons of an account play at the node of the older, and the older nowhere', async () => {
    await begin();
    const old = await players.ticket(player);
    const newer = await again(games);
    await players.settle();
    const here = await players.serverOn();
    here.server.beginAuthSession(old, newer.steamId);
    expect(await here.verdicts()).to.eql([[8, newer.steamId]]);
    here.server.endAuthSession(newer.steamId);
    here.server.beginAuthSession(await games.ticket(newer), newer.steamId);
    expect(await here.verdicts()).to.eql([[0, newer.steamId]]);
  });

  it('tells a node that was cut off, once it is back, what became of its sessions', async () => {
    await begin();
    await approved();
    players.bus.cut('south');
    await ban();
    expect(await game.verdicts()).to.eql([]);
    players.bus.mend('south');
    expect(await game.verdicts()).to.eql([[3, player.steamId]]);
  });

  it('tells a node that was cut off whose licences changed and what the policy is', async () => {
    await begin();
    await approved();
    players.bus.cut('south');
    await players.administration.grantLicence({ steamId: player.steamId, appId: 999 });
    await players.administration.setSecurePolicy(APP, false);
    expect(game.server.userHasLicenseForApp(player.steamId, 999)).to.equal(1);
    players.bus.mend('south');
    await game.pump();
    expect(game.server.userHasLicenseForApp(player.steamId, 999)).to.equal(0);
    expect(game.server.secure()).to.equal(false);
  });

  it('tells a node that was cut off who logged on elsewhere, and lets nobody in by his old connection', async () => {
    await begin();
    const ticket = await players.ticket(player);
    players.bus.cut('test');
    const newer = await again(games);
    players.bus.mend('test');
    await game.pump();
    expect(player.loggedOn).to.equal(false);
    expect(newer.loggedOn).to.equal(true);
    game.server.beginAuthSession(ticket, newer.steamId);
    expect(await game.verdicts()).to.eql([[8, newer.steamId]]);
  });

  it('leaves who is logged on alone when the store came back empty', async () => {
    await begin();
    await approved();
    const lost: unknown[] = [];
    player.onLost((result) => lost.push(result));
    for (const table of Object.values(players.backend.tables)) {
      if (!(table instanceof Table)) continue;
      for (const [key] of await table.all()) await table.delete(key);
    }
    players.bus.mend('test');
    players.bus.mend('south');
    expect(await game.verdicts()).to.eql([]);
    expect(lost).to.eql([]);
  });

  it('keeps one of two who log on to one account at the same moment', async () => {
    await begin();
    const { accountKey } = await players.administration.resetAccountKey(player.steamId);
    player.close();
    const clients = [players.client(), games.client()];
    await Promise.allSettled(clients.map((client) => client.logOn({ accountKey })));
    await players.settle();
    await players.settle();
    expect(clients.filter(({ loggedOn }) => loggedOn)).to.have.length(1);
  });

  it('hears the anti-cheat of a player who is logged on at the other node', async () => {
    await begin({ antiCheatHeartbeat: true });
    await approved();
    const [answer] = [...players.backend.connections.all] as [HeldConnection & PlayerLink];
    const end = players.clock.every(20_000, () => void answer.antiCheatAlive());
    expect(await game.verdicts(300_000)).to.eql([]);
    end();
    expect(await game.verdicts(300_000)).to.eql([[5, player.steamId]]);
  });

  it('refuses a login token that is in use at the other node, where the newer is refused', async () => {
    await begin({ tokenConflict: 'newer-refused' });
    const token = await players.token();
    const logOn = (world: SteamWorld) => {
      const nothing = () => {};
      const events = { verdict: nothing, licences: nothing, lost: nothing };
      const logon: ServerLogon = {
        ...{ token, appId: APP, product: 'x', version: '1', address: '127.0.0.1', mode: 3 },
        ...{ gamePort: 27015, queryPort: 27016 },
      };
      return world.backend.logOnServer(logon, { ...events, policy: nothing, outOfDate: nothing });
    };
    const first = await logOn(games);
    if (!first.ok) throw new Error('refused');
    expect(await logOn(players)).to.deep.include({ ok: false, result: EResult.LoggedInElsewhere });
    first.link.drop();
    await players.settle();
    expect((await logOn(players)).ok).to.equal(true);
  });

  it('hands out no ownership of before once the other node took the licence away', async () => {
    await begin();
    const logon = await games.backend.logOnPlayer(
      { credential: await key(), address: '127.0.0.1' },
      { verdict: () => {}, licences: () => {}, lost: () => {} },
    );
    if (!logon.ok) throw new Error('refused');
    const before = await logon.link.ownership(APP);
    await players.administration.grantLicence({
      steamId: logon.link.steamId,
      appId: 777,
      dlcOf: APP,
    });
    await players.settle();
    const after = await logon.link.ownership(APP);
    expect(Buffer.from(after.bytes).equals(before.bytes)).to.equal(false);
  });
  const key = async () => {
    const { accountKey, steamId } = await players.administration.createAccount();
    await players.administration.grantLicence({ steamId, appId: APP });
    return { accountKey };
  };

  it('passes over what a newer version says', async () => {
    await begin();
    await approved();
    const bus = players.bus.of('north');
    bus.publish('link', { to: game.server.getSteamID().toString(), said: { event: 'new kind' } });
    await players.settle();
    await ban();
    expect(await game.verdicts()).to.eql([[3, player.steamId]]);
  });

  it('holds nothing of a connection that went on, or ended, at the other node', async () => {
    await begin();
    const { steamId } = player;
    for (let i = 0; i < 3; i++) {
      const newer = await again(games, steamId);
      await players.settle();
      newer.close();
      await again(players, steamId);
      await players.settle();
    }
    await players.clock.advance(60_000);
    expect(players.backend.tickets.size).to.equal(players.backend.connections.held);
    expect(games.backend.tickets.size).to.equal(games.backend.connections.held);
  });
});
