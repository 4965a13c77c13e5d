import { QUERY_PORT_SHARED } from 'beaconry/steam';
import { expect } from 'chai';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

/** One test for each row of the Steam game server API, section 2, named after its function. */
describe('SteamGameServer functions: init and basic data', () => {
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
});
