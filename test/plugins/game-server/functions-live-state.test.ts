import { expect } from 'chai';
import pino from 'pino';
import { SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

/** One test for each row of the Steam game server API, section 2, named after its function. */
describe('SteamGameServer functions: live state', () => {
  let world: SteamWorld;
  let game: TestGameServer;

  beforeEach(async () => {
    world = await SteamWorld.start({ anonymousServers: 'full' });
    game = world.server();
  });
  afterEach(() => world.close());

  const up = () => game.init();
  const _on = async () => {
    game = await world.serverOn();
    await game.pump();
  };

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
});
