import { SteamID } from 'beaconry/steam';
import type { SteamClient } from 'beaconry/steam-client';
import { expect } from 'chai';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

describe('verdicts of auth sessions, at validation', () => {
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

  describe('6.3 at validation', () => {
    it('0: approves a connected user with a licence and no ban', approved);

    it('0 comes from the pump, never inside the call', async () => {
      game.server.beginAuthSession(ticket, player.steamId);
      game.signals.length = 0;
      await world.settle();
      expect(game.signals).to.eql([]);
    });

    it('1: the user has no live connection', async () => {
      const { steamId } = player;
      await player.logOff();
      await world.settle();
      game.server.beginAuthSession(ticket, steamId);
      expect(await game.verdicts()).to.eql([[1, steamId]]);
    });

    it('2: no licence for the app, own or shared', async () => {
      await world.administration.revokeLicence(player.steamId, APP);
      game.server.beginAuthSession(ticket, player.steamId);
      expect(await game.verdicts()).to.eql([[2, player.steamId]]);
    });

    it('3: a VAC ban for the app, on secure servers only', async () => {
      const ban = { appId: APP, kind: 'vac', by: 'test', reason: '' } as const;
      await world.administration.ban({ steamId: player.steamId, ...ban });
      const insecure = await world.serverOn({}, 2);
      await insecure.pump();
      insecure.server.beginAuthSession(await world.ticket(player), player.steamId);
      expect(await insecure.verdicts()).to.eql([[0, player.steamId]]);
      game.server.beginAuthSession(ticket, player.steamId);
      expect(await game.verdicts()).to.eql([[3, player.steamId]]);
    });

    it('3: a ban of another app does not count, a ban of every app does', async () => {
      const ban = { kind: 'vac', by: 'test', reason: '', steamId: player.steamId } as const;
      await world.administration.ban({ ...ban, appId: 570 });
      game.server.beginAuthSession(ticket, player.steamId);
      expect(await game.verdicts()).to.eql([[0, player.steamId]]);
      await world.administration.ban({ ...ban, appId: 0 });
      expect(await game.verdicts()).to.eql([[3, player.steamId]]);
    });

    it('6: the ticket was cancelled before validation', async () => {
      const issued = player.getAuthSessionTicket(APP);
      await world.settle();
      const { handle, bytes } = await issued;
      player.cancelAuthTicket(handle);
      await world.settle();
      game.server.beginAuthSession(bytes, player.steamId);
      expect(await game.verdicts()).to.eql([[6, player.steamId]]);
    });

    it('7: the token was used before, by this server or another', async () => {
      await approved();
      game.server.endAuthSession(player.steamId);
      await world.settle();
      expect(game.server.beginAuthSession(ticket, player.steamId)).to.equal(0);
      expect(await game.verdicts()).to.eql([[7, player.steamId]]);
      const other = await world.serverOn();
      await other.pump();
      expect(other.server.beginAuthSession(ticket, player.steamId)).to.equal(0);
      expect(await other.verdicts()).to.eql([[7, player.steamId]]);
    });

    it('8: the token is not one the backend knows', async () => {
      const forged = Uint8Array.from(ticket);
      forged[4] = (forged[4] ?? 0) ^ 0xff;
      game.server.beginAuthSession(forged, player.steamId);
      expect(await game.verdicts()).to.eql([[8, player.steamId]]);
    });

    it('8: the first 52 bytes differ from what was registered', async () => {
      const forged = Uint8Array.from(ticket);
      forged[44] = (forged[44] ?? 0) ^ 0xff;
      game.server.beginAuthSession(forged, player.steamId);
      expect(await game.verdicts()).to.eql([[8, player.steamId]]);
    });

    it("8: the ticket is not of the user's current connection", async () => {
      const { accountKey } = await world.administration.resetAccountKey(player.steamId);
      await world.client().logOn({ accountKey });
      await world.settle();
      game.server.beginAuthSession(ticket, new SteamID(readId(ticket)).value);
      expect((await game.verdicts()).map(([code]) => code)).to.eql([8]);
    });

    it('9: a game ban of the publisher, on secure servers', async () => {
      const ban = { appId: APP, kind: 'game', by: 'publisher', reason: 'cheats' } as const;
      await world.administration.ban({ steamId: player.steamId, ...ban });
      game.server.beginAuthSession(ticket, player.steamId);
      expect(await game.verdicts()).to.eql([[9, player.steamId]]);
    });

    it('10: the ticket is bound to another address, server or a web service', async () => {
      for (const identity of ['10.9.8.7', 85568392920039425n, 'my-service']) {
        const bound = await world.ticket(player, APP, identity);
        game.server.beginAuthSession(bound, player.steamId);
        expect(await game.verdicts(), String(identity)).to.eql([[10, player.steamId]]);
        game.server.endAuthSession(player.steamId);
      }
    });

    it('10 does not come when the ticket is bound to the address of this server, however it is written', async () => {
      await begin();
      for (const [identity, address] of [
        ['2001:DB8:0::7', '2001:db8::7'],
        ['10.1.2.3', '::ffff:10.1.2.3'],
      ] as const) {
        const here = await world.serverOn({ address });
        await here.pump();
        const bound = await world.ticket(player, APP, identity);
        here.server.beginAuthSession(bound, player.steamId);
        expect((await here.verdicts())[0]?.[0], identity).to.equal(0);
      }
    });

    it('10 does not come when the ticket is bound to this very server', async () => {
      for (const identity of ['127.0.0.1', game.server.getSteamID()]) {
        const bound = await world.ticket(player, APP, identity);
        game.server.beginAuthSession(bound, player.steamId);
        expect(await game.verdicts(), String(identity)).to.eql([[0, player.steamId]]);
        game.server.endAuthSession(player.steamId);
      }
    });

    it('bans expire', async () => {
      const until = world.clock.now() + 60_000;
      const ban = { appId: APP, kind: 'vac', by: 'test', reason: '', until } as const;
      await world.administration.ban({ steamId: player.steamId, ...ban });
      await world.clock.advance(60_000);
      game.server.beginAuthSession(ticket, player.steamId);
      expect(await game.verdicts()).to.eql([[0, player.steamId]]);
    });
  });

  describe('6.3 priority when several apply', () => {
    it('7 before 6: used up and cancelled', async () => {
      const issued = player.getAuthSessionTicket(APP);
      await world.settle();
      const { handle, bytes } = await issued;
      game.server.beginAuthSession(bytes, player.steamId);
      await game.pump();
      game.server.endAuthSession(player.steamId);
      player.cancelAuthTicket(handle);
      await world.settle();
      game.server.beginAuthSession(bytes, player.steamId);
      expect((await game.verdicts()).at(-1)?.[0]).to.equal(7);
    });

    it('10 before 6: bound elsewhere and cancelled', async () => {
      const issued = player.getAuthSessionTicket(APP, '10.9.8.7');
      await world.settle();
      const { handle, bytes } = await issued;
      player.cancelAuthTicket(handle);
      await world.settle();
      game.server.beginAuthSession(bytes, player.steamId);
      expect(await game.verdicts()).to.eql([[10, player.steamId]]);
    });

    it('6 before 1: cancelled, then gone offline', async () => {
      const issued = player.getAuthSessionTicket(APP);
      await world.settle();
      const { handle, bytes } = await issued;
      const { steamId } = player;
      player.cancelAuthTicket(handle);
      await world.settle();
      await player.logOff();
      game.server.beginAuthSession(bytes, steamId);
      expect(await game.verdicts()).to.eql([[6, steamId]]);
    });

    it('1 before 2 before 3 before 9', async () => {
      const { steamId } = player;
      const ban = { steamId, appId: APP, by: 'test', reason: '' } as const;
      await world.administration.ban({ ...ban, kind: 'game' });
      await world.administration.ban({ ...ban, kind: 'vac' });
      game.server.beginAuthSession(ticket, steamId);
      expect((await game.verdicts())[0]?.[0]).to.equal(3);
      game.server.endAuthSession(steamId);
      const second = await world.ticket(player);
      const third = await world.ticket(player);
      await world.administration.revokeLicence(steamId, APP);
      game.server.beginAuthSession(second, steamId);
      expect((await game.verdicts())[0]?.[0]).to.equal(2);
      game.server.endAuthSession(steamId);
      await player.logOff();
      game.server.beginAuthSession(third, steamId);
      expect((await game.verdicts())[0]?.[0]).to.equal(1);
    });
  });
});

/** The SteamID in the game-connect section. */
const readId = (ticket: Uint8Array): bigint =>
  new DataView(ticket.buffer, ticket.byteOffset).getBigUint64(12, true);
