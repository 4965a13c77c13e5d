import { expect } from 'chai';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

/** One test for each row of the Steam game server API, section 2, named after its function. */
describe('SteamGameServer functions: login and status', () => {
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
});
