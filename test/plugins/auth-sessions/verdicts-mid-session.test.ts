import type { SteamClient } from 'beaconry/steam-client';
import { expect } from 'chai';
import { sessionTransitions } from '../../../plugins/auth-sessions/session-states.js';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

describe('verdicts of auth sessions, mid-session', () => {
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

  describe('6.3 mid-session', () => {
    beforeEach(approved);

    it('1: the user went offline, after the grace time', async () => {
      const { steamId } = player;
      await player.logOff();
      expect(await game.verdicts(14_999)).to.eql([]);
      expect(await game.verdicts(1)).to.eql([[1, steamId]]);
    });

    it('1: the connection was cut, after the grace time', async () => {
      const { steamId } = player;
      player.close();
      expect(await game.verdicts(14_000)).to.eql([]);
      expect(await game.verdicts(1_000)).to.eql([[1, steamId]]);
    });

    it('2: the licence was revoked', async () => {
      await world.administration.revokeLicence(player.steamId, APP);
      expect(await game.verdicts()).to.eql([[2, player.steamId]]);
    });

    it('2: the licence expired', async () => {
      const until = world.clock.now() + 300_000;
      await world.administration.grantLicence({ steamId: player.steamId, appId: APP, until });
      expect(await game.verdicts(200_000)).to.eql([]);
      expect(await game.verdicts(900_000)).to.eql([[2, player.steamId]]);
    });

    it('3: a VAC ban lands while playing', async () => {
      const ban = { appId: APP, kind: 'vac', by: 'test', reason: '' } as const;
      await world.administration.ban({ steamId: player.steamId, ...ban });
      expect(await game.verdicts()).to.eql([[3, player.steamId]]);
    });

    it('4: another logon replaced the connection', async () => {
      const { steamId } = player;
      const { accountKey } = await world.administration.resetAccountKey(steamId);
      await world.client().logOn({ accountKey });
      expect(await game.verdicts()).to.eql([[4, steamId]]);
      expect(player.loggedOn).to.equal(false);
    });

    it('6: the issuer cancelled', async () => {
      game.server.endAuthSession(player.steamId);
      const issued = player.getAuthSessionTicket(APP);
      await world.settle();
      const { handle, bytes } = await issued;
      game.server.beginAuthSession(bytes, player.steamId);
      await game.pump();
      player.cancelAuthTicket(handle);
      expect(await game.verdicts()).to.eql([[6, player.steamId]]);
    });

    it('8: the user went off and came back within the grace time', async () => {
      const { steamId } = player;
      const { accountKey } = await world.administration.resetAccountKey(steamId);
      await player.logOff();
      expect(await game.verdicts(1_000)).to.eql([]);
      await world.client().logOn({ accountKey });
      expect(await game.verdicts()).to.eql([[8, steamId]]);
      expect(await game.verdicts(60_000)).to.eql([]);
    });

    it("9: the publisher's ban lands while playing", async () => {
      const ban = { appId: APP, kind: 'game', by: 'publisher', reason: '' } as const;
      await world.administration.ban({ steamId: player.steamId, ...ban });
      expect(await game.verdicts()).to.eql([[9, player.steamId]]);
    });

    it('bans pass over servers that are not secure', async () => {
      const insecure = await world.serverOn({}, 2);
      await insecure.pump();
      const { client } = await world.player();
      insecure.server.beginAuthSession(await world.ticket(client), client.steamId);
      await insecure.pump();
      const ban = { appId: APP, kind: 'vac', by: 'test', reason: '' } as const;
      await world.administration.ban({ steamId: client.steamId, ...ban });
      expect(await insecure.verdicts()).to.eql([]);
    });

    it('0 is not repeated, and a failed session hears nothing more', async () => {
      await world.administration.revokeLicence(player.steamId, APP);
      expect(await game.verdicts()).to.have.length(1);
      await world.administration.grantLicence({ steamId: player.steamId, appId: APP });
      const ban = { appId: APP, kind: 'vac', by: 'test', reason: '' } as const;
      await world.administration.ban({ steamId: player.steamId, ...ban });
      expect(await game.verdicts()).to.eql([]);
    });
  });

  it('5: the anti-cheat is silent for 30 s after validation, then for 60 s', async () => {
    await begin({ antiCheatHeartbeat: true });
    game.server.beginAuthSession(ticket, player.steamId);
    await game.pump();
    expect(await game.verdicts(29_000)).to.eql([]);
    world.backend.antiCheat.alive(player.steamId);
    expect(await game.verdicts(59_000)).to.eql([]);
    expect(await game.verdicts(6_000)).to.eql([[5, player.steamId]]);
  });

  describe('borrowed games', () => {
    let lender: SteamClient;

    beforeEach(async () => {
      lender = (await world.player()).client;
      player = (await world.player([])).client;
      const loan = { steamId: player.steamId, appId: APP, lender: lender.steamId };
      await world.administration.grantLicence(loan);
      ticket = await world.ticket(player);
      await game.pump();
      game.server.beginAuthSession(ticket, player.steamId);
    });

    it('the owner stands in the signal, in the state and in the record', async () => {
      expect(await game.verdicts()).to.eql([[0, lender.steamId]]);
      expect(game.server.sessions()[0]?.ownerId).to.equal(lender.steamId);
      expect(await world.administration.ownerOf(player.steamId, APP)).to.equal(lender.steamId);
    });

    it("a publisher's ban of the borrower falls on the owner too", async () => {
      await game.pump();
      const ban = { appId: APP, kind: 'game', by: 'publisher', reason: 'cheats' } as const;
      await world.administration.ban({ steamId: player.steamId, ...ban });
      expect(await game.verdicts()).to.eql([[9, lender.steamId]]);
      const [onOwner] = await world.administration.bans(lender.steamId);
      expect([onOwner?.kind, onOwner?.becauseOf]).to.eql(['game', player.steamId]);
    });

    it('2: the owner lost his licence', async () => {
      await game.pump();
      await world.administration.revokeLicence(lender.steamId, APP);
      expect((await game.verdicts()).map(([code]) => code)).to.eql([2]);
    });

    it('2: the owner takes the game back by playing it himself', async () => {
      await game.pump();
      await lender.setPlaying(APP);
      expect((await game.verdicts()).map(([code]) => code)).to.eql([2]);
      game.server.endAuthSession(player.steamId);
      game.server.beginAuthSession(await world.ticket(player), player.steamId);
      expect((await game.verdicts()).map(([code]) => code)).to.eql([2]);
    });

    it('DLC are borrowed the same way', async () => {
      await game.pump();
      const dlc = { appId: 4801, dlcOf: APP };
      await world.administration.grantLicence({ steamId: lender.steamId, ...dlc });
      const loan = { steamId: player.steamId, lender: lender.steamId };
      await world.administration.grantLicence({ ...loan, ...dlc });
      await game.pump();
      expect(game.server.userHasLicenseForApp(player.steamId, 4801)).to.equal(0);
    });
  });

  it('the machine is a table: pending, valid, failed, ended and nothing else', () => {
    expect(sessionTransitions).to.eql({
      pending: {
        approved: { next: 'valid', signal: true },
        refused: { next: 'failed', signal: true },
        ended: { next: 'ended', signal: false },
      },
      valid: {
        refused: { next: 'failed', signal: true },
        ended: { next: 'ended', signal: false },
      },
      failed: { ended: { next: 'ended', signal: false } },
      ended: {},
    });
  });
});
