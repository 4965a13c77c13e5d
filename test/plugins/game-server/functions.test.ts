import { EResult, QUERY_PORT_SHARED } from 'beaconry/steam';
import { expect } from 'chai';
import pino from 'pino';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

/** One test for each row of section 2, named after its function. */
describe('SteamGameServer functions', () => {
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

  describe('2.0 not initialised', () => {
    it('void functions do nothing, bool is false, numbers are 0', () => {
      const { server } = game;
      server.setServerName('x');
      server.setAdvertiseServerActive(true);
      expect(server.loggedOn()).to.equal(false);
      expect(server.secure()).to.equal(false);
      expect(server.getSteamID()).to.equal(0n);
      expect(server.wasRestartRequested()).to.equal(false);
      expect(server.requestUserGroupStatus(1n, 1n)).to.equal(false);
      expect(server.updateUserData(1n, 'x', 1)).to.equal(false);
      expect(server.createUnauthenticatedUserConnection()).to.equal(0n);
      expect(server.getAuthSessionTicket().id).to.equal(0);
      expect(server.getNextOutgoingPacket().length).to.equal(0);
      expect(server.handleIncomingPacket(new Uint8Array(5), 0, 1)).to.eql({ handled: false });
      expect(game.state.snapshot.name).not.to.equal('x');
    });
    it('beginAuthSession answers -1', () => {
      expect(game.server.beginAuthSession(new Uint8Array(), 1n)).to.equal(-1);
    });
    it('userHasLicenseForApp answers 2, never "has licence"', () => {
      expect(game.server.userHasLicenseForApp(1n, APP)).to.equal(2);
    });
  });

  describe('2.1 basic data and init', () => {
    it('1 initGameServer, app id form: the mode is 3 unless the data names one', () => {
      const data = { ip: '0.0.0.0', game_port: 27015, query_port: 27016 };
      expect(game.server.initGameServer(data, 570, '1.0.0.0')).to.equal(true);
      expect(game.state.snapshot.appId).to.equal(570);
      expect(game.server.state).to.equal('ready');
    });
    it('1 initGameServer, mode form: told apart by steam_port or a second argument in 1..3', () => {
      const data = { ip: '', steam_port: 8766, game_port: 27015, query_port: 27016 };
      expect(game.server.initGameServer(data, 2, '1.0.0.0')).to.equal(true);
      expect(game.state.snapshot.appId).to.equal(480);
      const other = world.server();
      const short = { ip: '', game_port: 27015, query_port: 27016 };
      expect(other.server.initGameServer(short, 3, '1.0.0.0')).to.equal(true);
      expect(other.state.snapshot.appId).to.equal(480);
    });
    it('1 serverInit and serverInitEx are the same under other names', () => {
      expect(game.server.serverInit('', 27015, 27016, 3, '1.0')).to.equal(true);
      const { status, verbal } = game.server.serverInitEx('', 27015, 27016, 3, '1.0');
      expect(status).to.equal(1);
      expect(verbal).to.contain('serverShutdown()');
    });
    it('1 init refuses mode 0, equal ports, a wrong address, a long version, app 0', () => {
      const init = (
        ip: string | number,
        port: number,
        query: number,
        mode: number,
        version = '1',
      ) => world.server().server.serverInitEx(ip, port, query, mode, version).status;
      expect(init('', 27015, 27016, 0)).to.equal(1);
      expect(init('', 27015, 27016, 4)).to.equal(1);
      expect(init('', 27015, 27015, 3)).to.equal(1);
      expect(init('', 0, 27015, 3)).to.equal(1);
      expect(init('not.a.host', 27015, 27016, 3)).to.equal(1);
      expect(init('', 27015, 27016, 3, 'v'.repeat(64))).to.equal(1);
      expect(init(0x7f000001, 27015, 27016, 3)).to.equal(0);
      expect(init('*', 27015, QUERY_PORT_SHARED, 3)).to.equal(0);
      const data = { game_port: 27015, query_port: 27016 };
      expect(world.server().server.initGameServer(data, 0, '1')).to.equal(false);
    });
    it('1 a second init is false and changes nothing', async () => {
      await on();
      game.server.setServerName('kept');
      expect(game.init()).to.equal(false);
      expect(game.state.snapshot.name).to.equal('kept');
      expect(game.server.loggedOn()).to.equal(true);
    });
    it('2 setProduct: default is the app id as text; frozen after logon', async () => {
      up();
      expect(game.state.snapshot.product).to.equal('480');
      game.server.setProduct('tf');
      expect(game.state.snapshot.product).to.equal('tf');
      await on();
      game.server.setProduct('late');
      expect(game.state.snapshot.product).to.equal('480');
    });
    it('3 setGameDescription: 63 bytes; honoured after logon by default', async () => {
      await on();
      game.server.setGameDescription('d'.repeat(100));
      expect(game.state.snapshot.description).to.equal('d'.repeat(63));
    });
    it('3 setGameDescription is frozen with lateGameDescription off', async () => {
      game = await world.serverOn({ options: { lateGameDescription: false } });
      game.server.setGameDescription('late');
      expect(game.state.snapshot.description).to.equal('');
    });
    it('4 setModDir: 31 bytes, frozen after logon', async () => {
      up();
      game.server.setModDir('m'.repeat(40));
      expect(game.state.snapshot.modDir).to.equal('m'.repeat(31));
      await on();
      game.server.setModDir('late');
      expect(game.state.snapshot.modDir).to.equal('');
    });
    it('5 setDedicatedServer: listen server by default', () => {
      up();
      expect(game.state.snapshot.serverType).to.equal('l');
      game.server.setDedicatedServer(true);
      expect(game.state.snapshot.serverType).to.equal('d');
    });
    it('flags of the SDK form: private authenticates nobody, dedicated and password show', async () => {
      const data = { ip: '', game_port: 27015, query_port: 27016 };
      game.server.initGameServer(data, 480, '1', 0x20 | 0x04 | 0x10);
      expect(game.state.snapshot.serverType).to.equal('d');
      expect(game.state.snapshot.password).to.equal(true);
      game.server.logOnAnonymous();
      await game.pump();
      game.server.setAdvertiseServerActive(true);
      expect(game.state.snapshot.advertise).to.equal(false);
    });
  });

  describe('2.2 login and status', () => {
    it('6 logOn: type 3, instance 0, the same id every time', async () => {
      const token = await world.token();
      up();
      game.server.logOn(` ${token.toLowerCase()} `);
      expect((await game.pump()).map(({ signal }) => signal)).to.eql([
        'server_connected',
        'policy_response',
      ]);
      const id = game.server.getSteamID();
      expect((id >> 52n) & 0xfn).to.equal(3n);
      expect((id >> 32n) & 0xfffffn).to.equal(0n);
      game.server.logOff();
      game.server.logOn(token);
      await game.pump();
      expect(game.server.getSteamID()).to.equal(id);
    });
    it('6 logOn with an empty token is anonymous', async () => {
      up();
      game.server.logOn('  ');
      await game.pump();
      expect((game.server.getSteamID() >> 52n) & 0xfn).to.equal(4n);
    });
    it('7 logOnAnonymous: type 4, another id and an instance on each logon', async () => {
      up();
      game.server.logOnAnonymous();
      await game.pump();
      const id = game.server.getSteamID();
      expect((id >> 52n) & 0xfn).to.equal(4n);
      expect((id >> 32n) & 0xfffffn).not.to.equal(0n);
      game.server.logOff();
      game.server.logOnAnonymous();
      await game.pump();
      expect(game.server.getSteamID()).not.to.equal(id);
    });
    it('8 logOff: server_disconnected with 1, and nothing when not logged on', async () => {
      up();
      game.server.logOff();
      expect(await game.pump()).to.eql([]);
      await on();
      game.server.logOff();
      expect(await game.pump()).to.eql([{ signal: 'server_disconnected', data: { result: 1 } }]);
      expect(game.server.getSteamID()).to.equal(0n);
    });
    it('9 loggedOn is true only when on', async () => {
      up();
      expect(game.server.loggedOn()).to.equal(false);
      game.server.logOnAnonymous();
      expect(game.server.loggedOn()).to.equal(false);
      await game.pump();
      expect(game.server.loggedOn()).to.equal(true);
    });
    it('10 secure: mode 3 and the policy of the app', async () => {
      await on();
      expect([game.server.secure(), game.server.isServerSecure()]).to.eql([true, true]);
      await world.administration.setSecurePolicy(APP, false);
      expect(await game.pump()).to.eql([{ signal: 'policy_response', data: { secure: 0 } }]);
      expect(game.server.secure()).to.equal(false);
      const plain = await world.serverOn({}, 2);
      await plain.pump();
      expect(plain.server.secure()).to.equal(false);
    });
    it('11 getSteamID is 0 until on and shows in the state', async () => {
      up();
      expect(game.server.getSteamID()).to.equal(0n);
      await on();
      expect(game.server.getServerSteamID()).to.equal(game.server.getSteamID());
      expect(game.state.snapshot.steamId).to.equal(game.server.getSteamID());
    });
    it('12 wasRestartRequested: once per request; two requests count as one', async () => {
      await on();
      game.server.requestRestart();
      game.server.requestRestart();
      expect(game.server.wasRestartRequested()).to.equal(true);
      expect(game.server.wasRestartRequested()).to.equal(false);
    });
    it('12 an older version than required is told at the heartbeat, and not again for 5 minutes', async () => {
      const required = { version: '1.2.4', reject: true, text: 'update' };
      await world.administration.requireVersion(APP, '480', required);
      await on();
      game.server.setAdvertiseServerActive(true);
      await game.pump();
      expect(game.server.wasRestartRequested()).to.equal(true);
      expect(game.state.snapshot.advertise).to.equal(false);
      await game.pump(280_000);
      expect(game.server.wasRestartRequested()).to.equal(false);
      await game.pump(60_000);
      expect(game.server.wasRestartRequested()).to.equal(true);
    });
    it('13 getPublicIP: what the backend saw, host order; empty before', async () => {
      game = world.server({ address: '203.0.113.10' });
      up();
      expect(game.server.getPublicIP()).to.eql({ ipv4: 0, ipv6: 0n, type: 0, text: '' });
      game.server.logOnAnonymous();
      await game.pump();
      const expected = { ipv4: 0xcb00710a, ipv6: 0n, type: 0, text: '203.0.113.10' };
      expect(game.server.getPublicIP()).to.eql(expected);
      const six = world.server({ address: '2001:db8::1' });
      six.init();
      six.server.logOnAnonymous();
      await six.pump();
      const ipv6 = 0x20010db8000000000000000000000001n;
      expect(six.server.getPublicIP()).to.eql({ ipv4: 0, ipv6, type: 1, text: '2001:db8::1' });
    });
  });

  describe('2.3 live state', () => {
    beforeEach(up);
    const shown = () => game.state.snapshot;

    it('14 setMaxPlayerCount: 0 by default, reported only', () => {
      expect(shown().maxPlayers).to.equal(0);
      game.server.setMaxPlayerCount(1000);
      game.server.setMaxPlayerCount(-1);
      expect(shown().maxPlayers).to.equal(1000);
    });
    it('15 setBotPlayerCount does not raise the number of players', () => {
      game.server.setBotPlayerCount(4);
      expect(shown().bots).to.equal(4);
      expect(game.state.players).to.have.length(0);
    });
    it('16 setServerName: 63 bytes, cut at a whole code point, without control characters', () => {
      game.server.setServerName(`a\u0007${'ä'.repeat(40)}`);
      expect(shown().name).to.equal(`a${'ä'.repeat(31)}`);
      game.server.setServerName('');
      expect(shown().name).to.equal('');
    });
    it('17 setMapName: 31 bytes', () => {
      game.server.setMapName('x'.repeat(32));
      expect(shown().map).to.have.length(31);
    });
    it('18 setPasswordProtected', () => {
      game.server.setPasswordProtected(true);
      expect(shown().password).to.equal(true);
    });
    it('19 setSpectatorPort: 0 is off', () => {
      game.server.setSpectatorPort(27020);
      expect(shown().spectatorPort).to.equal(27020);
      game.server.setSpectatorPort(70000);
      expect(shown().spectatorPort).to.equal(27020);
      game.server.setSpectatorPort(0);
      expect(shown().spectatorPort).to.equal(null);
    });
    it('20 setSpectatorServerName: 31 bytes', () => {
      game.server.setSpectatorServerName('s'.repeat(50));
      expect(shown().spectatorName).to.have.length(31);
    });
    it('21 setKeyValue: replaces in place; the empty key is refused; 255 bytes each', () => {
      game.server.setKeyValue('b', '1');
      game.server.setKeyValue('a', '2');
      game.server.setKeyValue('b', '3');
      game.server.setKeyValue('', 'x');
      game.server.setKeyValue('k'.repeat(300), 'v'.repeat(300));
      const long = ['k'.repeat(255), 'v'.repeat(255)];
      expect([...game.rules]).to.eql([['b', '3'], ['a', '2'], long]);
    });
    it('22 clearAllKeyValues', () => {
      game.server.setKeyValue('a', '1');
      game.server.clearAllKeyValues();
      expect(game.rules.size).to.equal(0);
    });
    it('23 setGameTags: 127 bytes; empty clears', () => {
      game.server.setGameTags('a,b');
      expect(shown().tags).to.equal('a,b');
      game.server.setGameTags('t'.repeat(200));
      expect(shown().tags).to.have.length(127);
      game.server.setGameTags('');
      expect(shown().tags).to.equal(null);
    });
    it('24 setGameData: 2047 bytes, control characters kept', () => {
      game.server.setGameData(`\u0001${'g'.repeat(3000)}`);
      expect(Buffer.byteLength(shown().gameData)).to.equal(2047);
      expect(shown().gameData.startsWith('\u0001')).to.equal(true);
    });
    it('25 setRegion: number or name; empty is the world; others are ignored', () => {
      game.server.setRegion('3');
      expect(shown().region).to.equal(3);
      game.server.setRegion('Middle East');
      expect(shown().region).to.equal(6);
      game.server.setRegion('9');
      game.server.setRegion('Atlantis');
      expect(shown().region).to.equal(6);
      game.server.setRegion('');
      expect(shown().region).to.equal(255);
    });
    it('26 setAdvertiseServerActive: off by default; listed only when logged on, never in mode 1', async () => {
      expect(shown().advertise).to.equal(false);
      game.server.setAdvertiseServerActive(true);
      expect(shown().advertise).to.equal(false);
      game.server.logOnAnonymous();
      await game.pump();
      expect(shown().advertise).to.equal(true);
      game.server.enableHeartbeats(false);
      expect(shown().advertise).to.equal(false);
      const plain = await world.serverOn({}, 1);
      plain.server.setAdvertiseServerAction(true);
      await plain.pump();
      expect(plain.state.snapshot.advertise).to.equal(false);
    });
    it('27 setHeartbeatInterval: -1 is 30 s, 250 ms to 600 s take effect, 0 is ignored', () => {
      const { server } = game;
      expect(server.heartbeatInterval).to.equal(30_000);
      server.setHeartbeatInterval(5_000);
      expect(server.heartbeatInterval).to.equal(5_000);
      for (const ignored of [0, -2]) server.setHeartbeatInterval(ignored);
      expect(server.heartbeatInterval).to.equal(5_000);
      server.setHeartbeatInterval(1);
      expect(server.heartbeatInterval).to.equal(250);
      server.setHeartbeatInterval(10_000_000);
      expect(server.heartbeatInterval).to.equal(600_000);
      server.setHeartbeatInterval(-1);
      expect(server.heartbeatInterval).to.equal(30_000);
    });
    it("27 setHeartbeatInterval counts seconds with heartbeatUnit: 's'", () => {
      const old = world.server({ options: { heartbeatUnit: 's' } });
      old.init();
      old.server.setHeartbeatInterval(150);
      expect(old.server.heartbeatInterval).to.equal(150_000);
    });
    it('null throws a TypeError, an empty required text is ignored', () => {
      const nothing = null as unknown as string;
      for (const name of ['setServerName', 'setProduct', 'setGameTags', 'setGameData'] as const) {
        expect(() => game.server[name](nothing), name).to.throw(TypeError);
      }
      game.server.setProduct('tf');
      game.server.setProduct('');
      expect(shown().product).to.equal('tf');
    });
    it('a text that is cut is logged once per field', () => {
      const warned: unknown[] = [];
      const log = pino({ level: 'warn' }, { write: (line: string) => void warned.push(line) });
      const noisy = world.server({ log });
      noisy.init();
      noisy.server.setServerName('x'.repeat(100));
      noisy.server.setServerName('y'.repeat(100));
      expect(warned).to.have.length(1);
    });
  });

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
