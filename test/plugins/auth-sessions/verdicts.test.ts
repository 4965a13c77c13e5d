import { EResult, SteamID } from 'beaconry/steam';
import type { SteamClient } from 'beaconry/steam-client';
import { expect } from 'chai';
import { sessionTransitions } from '../../../plugins/auth-sessions/session-states.js';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

describe('verdicts of auth sessions', () => {
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
      const newer = await world.ticket(player);
      expect(taking.server.beginAuthSession(newer, player.steamId)).to.equal(0);
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

/** The SteamID in the game-connect section. */
const readId = (ticket: Uint8Array): bigint =>
  new DataView(ticket.buffer, ticket.byteOffset).getBigUint64(12, true);
