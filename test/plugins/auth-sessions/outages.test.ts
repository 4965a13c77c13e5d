import type { SteamClient } from 'beaconry/steam-client';
import { expect } from 'chai';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

describe('sessions while something is out of order (6.5)', () => {
  let world: SteamWorld;
  let game: TestGameServer;
  let player: SteamClient;

  beforeEach(async () => {
    world = await SteamWorld.start();
    game = await world.serverOn();
    player = (await world.player()).client;
    await game.pump();
  });
  afterEach(() => world.close());

  const cut = (test: TestGameServer) => {
    const held = world.backend.connections.heldBy(
      String(world.backend.connections.current(test.server.getSteamID())),
    );
    held?.detach();
    held?.events.lost(3, true);
  };
  const stateOf = (steamId: bigint) =>
    game.server.sessions().find((session) => session.steamId === steamId)?.state;

  it('a backend out of reach: the session stays pending without a made-up code, and is sent again', async () => {
    const ticket = await world.ticket(player);
    cut(game);
    expect(game.server.state).to.equal('retrying');
    expect(game.server.beginAuthSession(ticket, player.steamId)).to.equal(0);
    expect(await game.verdicts(7_000)).to.eql([]);
    expect(stateOf(player.steamId)).to.equal('pending');
    expect(await game.verdicts(2_000)).to.eql([[0, player.steamId]]);
  });

  it('sessions of before the cut are uploaded, and only changed verdicts come back', async () => {
    const { steamId } = player;
    const { client: other } = await world.player();
    for (const client of [player, other]) {
      game.server.beginAuthSession(await world.ticket(client), client.steamId);
    }
    expect(await game.verdicts()).to.have.length(2);
    cut(game);
    await world.administration.revokeLicence(other.steamId, APP);
    expect(await game.verdicts(9_000)).to.eql([[2, other.steamId]]);
    expect(stateOf(steamId)).to.equal('valid');
  });

  it('a session that was ended during the cut is forgotten by the backend too', async () => {
    game.server.beginAuthSession(await world.ticket(player), player.steamId);
    await game.pump();
    cut(game);
    game.server.endAuthSession(player.steamId);
    expect(await world.backend.tables.sessions.count()).to.equal(1);
    await game.pump(9_000);
    expect(await world.backend.tables.sessions.count()).to.equal(0);
  });

  it('a backend that dies between use and approval approves the same session later, and no other', async () => {
    const rival = await world.serverOn();
    await rival.pump();
    const ticket = await world.ticket(player);
    const { sessions } = world.backend.tables;
    const real = sessions.set.bind(sessions);
    sessions.set = () => Promise.reject(new Error('killed'));
    game.server.beginAuthSession(ticket, player.steamId);
    expect(await game.verdicts()).to.eql([]);
    sessions.set = real;
    rival.server.beginAuthSession(ticket, player.steamId);
    expect(await rival.verdicts()).to.eql([[7, player.steamId]]);
    expect(await game.verdicts(6_000)).to.eql([[0, player.steamId]]);
  });

  it('an approval waits until the use of the ticket is kept', async () => {
    const ticket = await world.ticket(player);
    const { connectTokens } = world.backend.tables;
    const real = connectTokens.update.bind(connectTokens);
    let keep = () => {};
    connectTokens.update = async (...step) => {
      const done = await real(...step);
      await new Promise<void>((resolve) => {
        keep = resolve;
      });
      return done;
    };
    game.server.beginAuthSession(ticket, player.steamId);
    expect(await game.verdicts()).to.eql([]);
    keep();
    expect(await game.verdicts()).to.eql([[0, player.steamId]]);
  });

  it('5: after a restart of the backend the anti-cheat is waited for anew', async () => {
    await world.close();
    world = await SteamWorld.start({ antiCheatHeartbeat: true });
    game = await world.serverOn();
    player = (await world.player()).client;
    const { steamId } = player;
    game.server.beginAuthSession(await world.ticket(player), steamId);
    await game.pump();
    // Who is watched is known in memory only.
    world.backend.antiCheat.forget(steamId);
    cut(game);
    expect(await game.verdicts(9_000)).to.eql([]);
    expect(await game.verdicts(36_000)).to.eql([[5, steamId]]);
  });

  it('a player who was too quick makes tickets again when he slows down', async () => {
    const results: string[] = [];
    for (let i = 0; i < 80; i++) {
      const asked = player.getAuthSessionTicket(APP).then(
        () => 'ticket',
        (error: Error) => error.message,
      );
      await world.settle();
      results.push(await asked);
    }
    expect(results.filter((result) => result === 'ticket').length).to.be.within(59, 61);
    expect(results.at(-1)).to.contain('25 LimitExceeded');
    await world.clock.advance(10_000);
    expect((await world.ticket(player)).length).to.equal(234);
  });
});
