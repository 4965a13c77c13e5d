import { QUERY_PORT_SHARED } from 'beaconry/steam';
import { expect } from 'chai';
import pino from 'pino';
import { APP, SteamWorld } from '../steam-backend/steam-world.js';

describe('what the interface offers beyond Steam', () => {
  let world: SteamWorld;

  beforeEach(async () => {
    world = await SteamWorld.start();
  });
  afterEach(() => world.close());

  const codeOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'none',
      (error: { code: string }) => error.code,
    );

  it('waitForVerdict resolves with the verdict, without a pump', async () => {
    const game = await world.serverOn();
    const { client } = await world.player();
    game.server.beginAuthSession(await world.ticket(client), client.steamId);
    const verdict = game.server.waitForVerdict(client.steamId, 1000);
    await world.settle();
    expect((await verdict).response).to.equal(0);
    expect((await game.server.waitForVerdict(client.steamId, 1000)).response).to.equal(0);
  });

  it('waitForVerdict rejects with TIMEOUT, NO_SESSION and SESSION_ENDED', async () => {
    const game = await world.serverOn();
    const { client } = await world.player();
    const ticket = await world.ticket(client);
    expect(await codeOf(game.server.waitForVerdict(5n, 1000))).to.equal('NO_SESSION');
    world.backend.sessions.begin = () => new Promise(() => {});
    game.server.beginAuthSession(ticket, client.steamId);
    const late = codeOf(game.server.waitForVerdict(client.steamId, 1000));
    await world.clock.advance(1000);
    expect(await late).to.equal('TIMEOUT');
    const ended = codeOf(game.server.waitForVerdict(client.steamId, 1000));
    game.server.endAuthSession(client.steamId);
    expect(await ended).to.equal('SESSION_ENDED');
  });

  it('warns after 20 s of Pending', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const game = await world.serverOn({ log });
    const { client } = await world.player();
    world.backend.sessions.begin = () => new Promise(() => {});
    game.server.beginAuthSession(await world.ticket(client), client.steamId);
    await game.pump(19_000);
    expect(lines).to.have.length(0);
    await game.pump(1_000);
    expect(lines.join()).to.contain('no verdict after 20 s');
    expect(game.server.diagnose().map(({ code }) => code)).to.contain('PENDING_TOO_LONG');
  });

  describe('diagnose', () => {
    it('names what is missing, each with the call that mends it', () => {
      const game = world.server();
      const [first] = game.server.diagnose();
      expect(first?.code).to.equal('NOT_INITIALISED');
      expect(first?.call).to.contain('initGameServer');
      game.init(1);
      const found = game.server.diagnose();
      expect(found.map(({ code }) => code)).to.eql([
        'PRODUCT_UNSET',
        'DESCRIPTION_UNSET',
        'MOD_DIR_UNSET',
        'NOT_DEDICATED',
        'NOT_LOGGED_ON',
        'NOT_ADVERTISED',
        'MODE_NOT_LISTED',
      ]);
      expect(found.every(({ call, problem }) => call !== '' && problem !== '')).to.equal(true);
    });

    it('is empty when all is well', async () => {
      const game = world.server();
      game.init();
      game.server.setProduct('tf');
      game.server.setGameDescription('Team Fortress');
      game.server.setModDir('tf');
      game.server.setDedicatedServer(true);
      game.server.logOn(await world.token());
      await game.pump();
      game.server.setAdvertiseServerActive(true);
      await game.pump();
      expect(game.server.diagnose()).to.eql([]);
    });

    it('knows refused logons and refused versions', async () => {
      const game = world.server();
      game.init();
      game.server.logOn('bad');
      await game.pump();
      expect(game.server.diagnose().map(({ code }) => code)).to.contain('LOGON_REFUSED');
      const required = { version: '9', reject: true, text: 'old' };
      await world.administration.requireVersion(APP, '480', required);
      const other = await world.serverOn();
      other.server.setAdvertiseServerActive(true);
      await other.pump();
      expect(other.server.diagnose().map(({ code }) => code)).to.contain('VERSION_REFUSED');
    });

    it('knows a shared port that no query reaches, a missing backend, and signals nobody takes', async () => {
      const sharedSocket = { handle: () => true, next: () => undefined, clear: () => {} };
      const game = world.server({ sharedSocket, backend: undefined });
      game.init(3, QUERY_PORT_SHARED);
      game.server.setAdvertiseServerActive(true);
      game.server.logOnAnonymous();
      await world.settle();
      expect(game.server.diagnose().map(({ code }) => code)).to.include.members([
        'NO_BACKEND',
        'PORT_NOT_REACHABLE',
        'NOT_PUMPED',
      ]);
    });
  });
});
