import { EResult } from 'beaconry/steam';
import { expect } from 'chai';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

/** One test for each row of the Steam game server API, section 2, named after its function. */
describe('SteamGameServer functions: auth and players', () => {
  let world: SteamWorld;
  let game: TestGameServer;

  beforeEach(async () => {
    world = await SteamWorld.start({ anonymousServers: 'full' });
    game = world.server();
  });
  afterEach(() => world.close());

  const up = () => game.init();
  const on = async () => {
    game = await world.serverOn();
    await game.pump();
  };

  describe('2.4 auth and players', () => {
    it('28 getAuthSessionTicket: handle, bytes of exactly its size, both size keys', async () => {
      await on();
      const ticket = game.server.getAuthSessionTicket();
      expect(ticket.id).to.equal(1);
      expect(ticket.buffer).to.have.length(ticket.size);
      expect(ticket.ticket_size).to.equal(ticket.size);
      expect(game.server.getServerAuthSessionTicket().id).to.equal(2);
      expect(await game.pump(30)).to.deep.include({
        signal: 'get_auth_session_ticket_response',
        data: { auth_ticket: 1, result: 1 },
      });
    });
    it('29 beginAuthSession takes bytes, bytes with size, and an own handle', async () => {
      await on();
      const { client } = await world.player();
      const ticket = await world.ticket(client);
      const buffer = new Uint8Array(1024);
      buffer.set(ticket);
      const { server } = game;
      expect(server.beginAuthSession(buffer, ticket.length, client.steamId)).to.equal(0);
      server.endAuthSession(client.steamId);
      expect(server.beginAuthSession(buffer, ticket.length - 1, client.steamId)).to.equal(1);
      expect(server.beginAuthSession(buffer, 4000, client.steamId)).to.equal(1);
      expect(server.beginAuthSession(4711, client.steamId)).to.equal(1);
      const own = server.getAuthSessionTicket();
      expect(server.beginAuthSession(own.id, server.getSteamID())).to.equal(0);
    });
    it('29 beginAuthSession takes every text form of the id and refuses numbers', async () => {
      await on();
      const { client } = await world.player();
      const ticket = await world.ticket(client);
      const steam3 = `[U:4:${client.steamId & 0xffffffffn}]`;
      expect(game.server.beginAuthSession(ticket, steam3)).to.equal(0);
      expect(() => game.server.beginAuthSession(ticket, 7656 as never)).to.throw(TypeError);
    });
    it('30 endAuthSession: see 6.4; an unknown id changes nothing', async () => {
      await on();
      expect(() => game.server.endAuthSession(5n)).not.to.throw();
    });
    it('31 cancelServerAuthTicket: unknown or 0 change nothing; the alias is the same', async () => {
      await on();
      expect(() => game.server.cancelServerAuthTicket(0)).not.to.throw();
      expect(() => game.server.cancelAuthTicket(99)).not.to.throw();
    });

    describe('32 userHasLicenseForApp', () => {
      it('none, or ended: 2; app 0: 1; bots: 2', async () => {
        await on();
        expect(game.server.userHasLicenseForApp(5n, APP)).to.equal(2);
        expect(game.server.userHasLicenseForApp(5n, 0)).to.equal(1);
        const bot = game.server.createUnauthenticatedUserConnection();
        expect(game.server.userHasLicenseForApp(bot, APP)).to.equal(2);
      });
      it('begun without an answer: the DLC list of the ticket; 2 with strictLicense', async () => {
        for (const strictLicense of [false, true]) {
          game = await world.serverOn({ verifier: { strictLicense } });
          await game.pump();
          const { client } = await world.player();
          const dlc = { steamId: client.steamId, appId: 4801, dlcOf: APP };
          await world.administration.grantLicence(dlc);
          game.server.beginAuthSession(await world.ticket(client), client.steamId);
          const answers = [4801, 4802].map((app) =>
            game.server.userHasLicenseForApp(client.steamId, app),
          );
          expect(answers).to.eql(strictLicense ? [2, 2] : [0, 1]);
        }
      });
      it('validated: the live licences of the user', async () => {
        await on();
        const { client } = await world.player([APP, 4801]);
        game.server.beginAuthSession(await world.ticket(client), client.steamId);
        await game.pump();
        const has = (app: number) => game.server.userHasLicenceForApp(client.steamId, app);
        expect([has(APP), has(4801), has(4802)]).to.eql([0, 0, 1]);
        await world.administration.grantLicence({ steamId: client.steamId, appId: 4802 });
        await world.administration.revokeLicence(client.steamId, 4801);
        await game.pump();
        expect([has(4801), has(4802)]).to.eql([1, 0]);
      });
      it('failed: 2', async () => {
        await on();
        const { client } = await world.player();
        game.server.beginAuthSession(await world.ticket(client), client.steamId);
        await world.administration.revokeLicence(client.steamId, APP);
        await game.pump();
        expect(game.server.userHasLicenseForApp(client.steamId, APP)).to.equal(2);
      });
      it('server mode 1: 2', async () => {
        game = await world.serverOn({}, 1);
        await game.pump();
        const { client } = await world.player();
        game.server.beginAuthSession(await world.ticket(client), client.steamId);
        expect(game.server.userHasLicenseForApp(client.steamId, APP)).to.equal(2);
      });
    });

    it('35 computeNewPlayerCompatibility counts who has blocked whom', async () => {
      await on();
      const clan = await world.administration.createGroup('clan');
      const here = await Promise.all([world.player(), world.player(), world.player()]);
      const candidate = (await world.player()).client.steamId;
      for (const { client } of here) {
        game.server.beginAuthSession(await world.ticket(client), client.steamId);
      }
      game.server.createUnauthenticatedUserConnection();
      await game.pump();
      const [a, b, c] = here.map(({ client }) => client.steamId) as [bigint, bigint, bigint];
      await world.administration.block(a, candidate);
      await world.administration.block(b, candidate);
      await world.administration.block(candidate, c);
      await world.administration.setMember(clan, { steamId: a, relationship: 3, rank: 3 });
      game.server.associateWithClan(clan);
      await game.pump();
      game.server.computeNewPlayerCompatibility(candidate);
      const [said] = await game.pump();
      expect(said?.data).to.eql({
        result: 1,
        players_dont_like_candidate: 2,
        players_candidate_doesnt_like: 1,
        clan_players_dont_like_candidate: 1,
        steam_id: candidate,
        is_clan_member: false,
      });
    });
    it('35 computeNewPlayerCompatibility: 19 for no individual, 21 when not on', async () => {
      up();
      game.server.computeNewPlayerCompatibility(5n);
      expect((await game.pump())[0]?.data).to.include({ result: EResult.NotLoggedOn });
      await on();
      game.server.computeNewPlayerCompatibility(game.server.getSteamID());
      expect((await game.pump())[0]?.data).to.include({ result: EResult.InvalidSteamID });
    });

    it('createUnauthenticatedUserConnection: a bot of type 4 that counts as a player', async () => {
      await on();
      const bot = game.server.createUnauthenticatedUserConnection();
      expect((bot >> 52n) & 0xfn).to.equal(4n);
      expect(bot >> 56n).to.equal(game.server.getSteamID() >> 56n);
      expect(game.state.players).to.have.length(1);
      game.server.sendUserDisconnect(bot);
      expect(game.state.players).to.have.length(0);
    });
    it('updateUserData: name and score of players and bots; false for others', async () => {
      await on();
      const bot = game.server.createUnauthenticatedUserConnection();
      expect(game.state.players[0]?.name).to.equal('');
      expect(game.server.updateUserData(bot, 'HAL', 9000)).to.equal(true);
      expect(game.state.players[0]).to.include({ name: 'HAL', score: 9000 });
      expect(game.server.updateUserData(5n, 'x', 1)).to.equal(false);
    });
    it('getServerReputation: 1000, less 200 for a ban, less what it refused today', async () => {
      await on();
      expect(await game.server.getServerReputation()).to.eql({
        result: 1,
        score: 1000,
        banned: false,
      });
      await world.administration.setServerBan(game.server.getSteamID(), null);
      const { score, banned, ban } = await game.server.getServerReputation();
      expect([score, banned, ban?.port]).to.eql([800, true, 27015]);
    });
    it('forceHeartbeat reports at once', async () => {
      await on();
      await world.administration.requireVersion(APP, '480', {
        version: '9',
        reject: false,
        text: 't',
      });
      game.server.forceHeartbeat();
      await game.pump();
      expect(game.server.wasRestartRequested()).to.equal(true);
    });
  });
});
