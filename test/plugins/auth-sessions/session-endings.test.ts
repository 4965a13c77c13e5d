import { EResult } from 'beaconry/steam';
import type { SteamClient } from 'beaconry/steam-client';
import { expect } from 'chai';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

describe('how auth sessions end, and what they outlive', () => {
  let world: SteamWorld;
  let game: TestGameServer;
  let player: SteamClient;
  let ticket: Uint8Array;

  /** A world with a secure server and a player whose ticket is ready. */
  async function begin(options = {}, apps = [APP]): Promise<void> {
    await world?.close();
    world = await SteamWorld.start(options);
    game = await world.serverOn();
    player = (await world.player(apps)).client;
    ticket = await world.ticket(player);
    await game.pump();
  }

  async function approved(): Promise<void> {
    expect(game.server.beginAuthSession(ticket, player.steamId)).to.equal(0);
    expect(await game.verdicts()).to.eql([[0, player.steamId]]);
  }

  beforeEach(() => begin());
  afterEach(() => world.close());

  describe('6.4 ending', () => {
    beforeEach(approved);

    it('verifier, endAuthSession: the player leaves the count, without a signal', async () => {
      expect(game.state.players).to.have.length(1);
      game.server.endAuthSession(player.steamId);
      expect(game.state.players).to.have.length(0);
      expect(await game.pump()).to.eql([]);
      expect(await world.backend.tables.sessions.count()).to.equal(0);
    });

    it('a failed session counts as a player until endAuthSession', async () => {
      await world.administration.revokeLicence(player.steamId, APP);
      await game.pump();
      expect(game.state.players).to.have.length(1);
      game.server.endAuthSession(player.steamId);
      expect(game.state.players).to.have.length(0);
    });

    it('an unknown id is passed over', () => {
      expect(() => game.server.endAuthSession(1n)).not.to.throw();
      expect(() => game.server.endAuthSession('nonsense')).not.to.throw();
      expect(game.state.players).to.have.length(1);
    });

    it('the server logs off: its sessions end and the user is free', async () => {
      game.server.logOff();
      await world.settle();
      expect(game.server.sessions()).to.eql([]);
      expect(await world.backend.tables.sessions.count()).to.equal(0);
      expect(await world.backend.tables.playing.count()).to.equal(0);
    });
  });

  describe('6.5 crashes and reconnects', () => {
    it('quick rejoin: the new ticket is answered 2 until the old session is ended', async () => {
      await approved();
      const second = await world.ticket(player);
      expect(game.server.beginAuthSession(second, player.steamId)).to.equal(2);
      game.server.endAuthSession(player.steamId);
      expect(game.server.beginAuthSession(second, player.steamId)).to.equal(0);
      expect(await game.verdicts()).to.eql([[0, player.steamId]]);
    });

    it('takeover: a newer ticket replaces the session and the old peer is reported', async () => {
      const taking = await world.serverOn({ verifier: { takeover: true } });
      await taking.pump();
      taking.server.beginAuthSession(ticket, player.steamId);
      await taking.pump();
      await world.clock.advance(2_000);
      const replaced: bigint[] = [];
      for (const verifier of taking.authSessions.verifiers) {
        verifier.onReplaced((steamId) => replaced.push(steamId));
      }
      const newer = await world.ticket(player);
      expect(taking.server.beginAuthSession(newer, player.steamId)).to.equal(0);
      expect(replaced).to.eql([player.steamId]);
      expect(await taking.verdicts()).to.eql([[0, player.steamId]]);
      const older = ticket;
      expect(taking.server.beginAuthSession(older, player.steamId)).to.equal(2);
    });

    it('a short cut of the player is noticed by nobody', async () => {
      await approved();
      const held = world.backend.connections;
      const connection = await world.backend.tables.online.get(player.steamId.toString());
      const cut = held.heldBy(connection ?? '') as unknown as {
        drop(): void;
        events: { lost(result: number, retrying: boolean): void };
      };
      cut.drop();
      cut.events.lost(EResult.NoConnection, true);
      expect(player.loggedOn).to.equal(false);
      expect(await game.verdicts(60_000)).to.eql([]);
      expect(player.loggedOn).to.equal(true);
    });

    it('backend restart: nobody is kicked, used tickets stay used, servers hear only changes', async () => {
      await approved();
      await world.restart();
      await world.settle();
      const online = await world.backend.tables.online.count();
      expect(online).to.equal(2);
      expect(await world.backend.tables.sessions.count()).to.equal(1);
    });

    it('a server that crashed is forgotten after 90 s and its users are free', async () => {
      await approved();
      await world.restart();
      await world.clock.advance(89_000);
      expect(await world.backend.tables.sessions.count()).to.equal(1);
      await world.clock.advance(1_000);
      expect(await world.backend.tables.sessions.count()).to.equal(0);
    });

    it('a backend that comes back under another node name takes over what the old one left', async () => {
      await approved();
      await world.restart({}, 'another');
      await world.clock.advance(300_000);
      expect(await world.backend.tables.connections.count()).to.equal(0);
      expect(await world.backend.tables.sessions.count()).to.equal(0);
    });

    it('a link whose place was taken can do nothing any more', async () => {
      const online = (await world.backend.tables.online.get(player.steamId.toString())) ?? '';
      const old = world.backend.connections.heldBy(online) as unknown as {
        ownership(appId: number): Promise<unknown>;
      };
      const { accountKey } = await world.administration.resetAccountKey(player.steamId);
      await world.client().logOn({ accountKey });
      const refused = await old.ownership(APP).catch((error: { code: string }) => error.code);
      expect(refused).to.equal('LINK_LOST');
    });

    it('a restarted server with the same token replaces the old logon at once', async () => {
      const token = await world.token();
      const first = world.server();
      first.init();
      first.server.logOn(token);
      await first.pump();
      const second = world.server();
      second.init();
      second.server.logOn(token);
      expect((await second.pump()).map(({ signal }) => signal)).to.eql([
        'server_connected',
        'policy_response',
      ]);
      expect(await first.pump()).to.eql([
        { signal: 'server_disconnected', data: { result: EResult.LogonSessionReplaced } },
      ]);
    });

    it('an issued ticket that nobody used is dropped after 24 h', async () => {
      await world.clock.advance(24 * 3600_000);
      game.server.beginAuthSession(ticket, player.steamId);
      expect(await game.verdicts()).to.eql([[8, player.steamId]]);
    });
  });
});
