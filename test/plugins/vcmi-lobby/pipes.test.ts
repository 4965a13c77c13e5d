import { expect } from 'chai';
import { GameTable } from '../../../plugins/vcmi-lobby/game-table.js';
import { encodePipeHandshake } from '../../../plugins/vcmi-lobby/pipe-codec.js';
import { LobbyFixture, type TestLauncher } from './lobby-fixture.js';

const HOST = '00000000-0000-4000-8000-000000000000';
const client = (i: number) => `00000000-0000-4000-8000-00000000000${i}`;

/** A lobby in which a game of that many players has started. */
const started = (players = 3, options = {}): LobbyFixture => {
  const fixture = new LobbyFixture(options);
  fixture.uuids.push(HOST, ...Array.from({ length: players }, (_, i) => client(i + 1)));
  fixture.games.open(players, '192.0.2.1');
  return fixture;
};
const pair = (fixture: LobbyFixture): [TestLauncher, TestLauncher] => {
  const ends: [TestLauncher, TestLauncher] = [
    fixture.pipe('server', HOST),
    fixture.pipe('client', client(2)),
  ];
  for (const end of ends) end.received();
  return ends;
};

describe('vcmi-lobby: pipes', () => {
  it('give each side the handshake of the other, then everything it sends', () => {
    const fixture = started();
    const server = fixture.pipe('server', HOST);
    expect(server.heard()).to.equal('');
    const game = fixture.pipe('client', client(2));
    expect(server.heard()).to.contain('(client)').and.to.contain(client(2));
    expect(game.heard()).to.contain('(server)').and.to.contain(HOST);
    server.send('to the client');
    game.send('to the server');
    expect(game.heard()).to.equal('to the client');
    expect(server.heard()).to.equal('to the server');
  });

  it('take the handshake in pieces of any size', () => {
    const handshake = Buffer.from(
      encodePipeHandshake({ name: 'VCMI 1.1.0 (client)', uuid: client(1), endianness: 1 }),
    );
    for (let size = 1; size <= handshake.length; size++) {
      const fixture = started();
      const server = fixture.pipe('server', HOST);
      const game = fixture.connect();
      const stream = Buffer.concat([handshake, Buffer.from('early')]);
      for (let at = 0; at < stream.length; at += size) game.send(stream.subarray(at, at + size));
      expect(server.received().toString('hex'), `${size}`).to.equal(stream.toString('hex'));
    }
  });

  it('pair in order of arrival, whichever side comes first', () => {
    const fixture = started();
    const [one, two] = [fixture.pipe('server', HOST), fixture.pipe('server', HOST)];
    fixture.pipe('client', client(3));
    fixture.pipe('client', client(1));
    expect(one.heard()).to.contain(client(3));
    expect(two.heard()).to.contain(client(1));
    const early = started();
    const game = early.pipe('client', client(2));
    early.pipe('server', HOST);
    expect(game.heard()).to.contain('(server)');
  });

  it('keep bytes that come before the partner, and stop reading at the limit', () => {
    const fixture = started(3, { pipeEarlyLimit: 1000 });
    const server = fixture.pipe('server', HOST);
    const sent = Array.from({ length: 50 }, (_, i) => Buffer.alloc(100, i));
    for (const chunk of sent) server.send(chunk);
    const game = fixture.pipe('client', client(1));
    const received = game.received();
    expect(received.subarray(received.length - 5000).equals(Buffer.concat(sent))).to.equal(true);
  });

  it('that wait are bounded together: whoever brings more is cut off, the others keep what they sent', async () => {
    const fixture = started(3, { pipeEarlyTotal: 10_000 });
    const [one, two] = [fixture.pipe('server', HOST), fixture.pipe('server', HOST)];
    one.send(Buffer.alloc(9000, 1));
    two.send(Buffer.alloc(2000, 2));
    await fixture.clock.advance(0);
    expect([one.closed, two.closed]).to.deep.equal([false, true]);
    const game = fixture.pipe('client', client(1));
    expect(game.received().subarray(-9000).equals(Buffer.alloc(9000, 1))).to.equal(true);
    // What was joined is no longer counted.
    const third = fixture.pipe('server', HOST);
    third.send(Buffer.alloc(9000, 3));
    await fixture.clock.advance(0);
    expect(third.closed).to.equal(false);
  });

  it('are limited for one address, and a place is free again when one has closed', () => {
    const fixture = started(3, { pipesPerAddress: 2 });
    const ends = [1, 2, 3].map((port) => fixture.pipe('server', HOST, `192.0.2.1:${port}`));
    expect(ends.map(({ closed }) => closed)).to.deep.equal([false, false, true]);
    expect(fixture.pipe('client', client(1), '192.0.2.2:1').closed).to.equal(false);
    ends[0]?.drop();
    expect(fixture.pipe('server', HOST, '192.0.2.1:4').closed).to.equal(false);
  });

  it('are not joined with one that is leaving', () => {
    const fixture = started();
    const server = fixture.pipe('server', HOST);
    // As a socket does that is still flushing.
    server.end = () => {};
    server.finish();
    const game = fixture.pipe('client', client(1));
    expect(game.received()).to.have.length(0);
    expect(fixture.pipe('server', HOST).heard()).to.contain(client(1));
    expect(game.heard()).to.contain('(server)');
  });

  it('stop reading from one side while the other does not read, and go on after', () => {
    const [server, game] = pair(started());
    game.stalled = true;
    for (let i = 0; i < 100; i++) server.send(Buffer.alloc(1000, i));
    expect(game.pending, 'bounded by the high-water mark').to.be.below(18_000);
    game.send('the other way is open');
    expect(server.heard()).to.equal('the other way is open');
    game.unstall();
    expect(game.received()).to.have.length(100_000);
  });

  it('close the other side after what is queued for it, and leave nothing behind', () => {
    const fixture = started();
    const [server, game] = pair(fixture);
    game.stalled = true;
    server.send('last words');
    server.finish();
    expect(game.closed).to.equal(false);
    game.unstall();
    expect(game.heard()).to.equal('last words');
    expect([server.closed, game.closed]).to.deep.equal([true, true]);
    expect([fixture.server.pipes, fixture.games.openPipes]).to.deep.equal([0, 0]);
  });

  it('leave nothing behind wherever either end is killed', () => {
    const handshake = encodePipeHandshake({ name: '(client)', uuid: client(2), endianness: 1 });
    for (let length = 0; length <= handshake.length + 3; length++) {
      for (const killed of [0, 1]) {
        const fixture = started();
        const game = fixture.connect();
        const server = fixture.pipe('server', HOST);
        game.send(Buffer.concat([handshake, Buffer.from('abc')]).subarray(0, length));
        [server, game][killed]?.drop();
        if (length < handshake.length) (killed === 0 ? game : server).drop();
        expect([server.closed, game.closed], `${length}`).to.deep.equal([true, true]);
        expect(
          [fixture.server.pipes, fixture.server.pending, fixture.games.openPipes],
          `${length}`,
        ).to.deep.equal([0, 0, 0]);
      }
    }
  });

  it('are cut when one side takes nothing for two minutes', async () => {
    const fixture = started();
    const [server, game] = pair(fixture);
    const [quietServer, quietGame] = [
      fixture.pipe('server', HOST),
      fixture.pipe('client', client(3)),
    ];
    game.stalled = true;
    server.send('nobody reads this');
    for (let seconds = 0; seconds <= 121; seconds++) {
      fixture.server.sweep();
      await fixture.clock.advance(1000);
    }
    expect([server.closed, game.closed]).to.deep.equal([true, true]);
    expect([quietServer.closed, quietGame.closed], 'silence is no stall').to.deep.equal([
      false,
      false,
    ]);
  });

  it('do not wait for a peer that ignores the end', async () => {
    const fixture = started();
    const [server, game] = pair(fixture);
    // As a socket does whose peer does not close: it ends without going away.
    game.end = () => {};
    server.finish();
    expect(game.closed).to.equal(false);
    fixture.server.sweep();
    await fixture.clock.advance(2000);
    fixture.server.sweep();
    expect(game.closed).to.equal(true);
    expect(fixture.server.pipes).to.equal(0);
  });

  it('refuse a wrong role, an unknown uuid, and a client uuid that is connected now', () => {
    const fixture = started();
    const [, game] = pair(fixture);
    const wrong = [
      fixture.pipe('client', HOST),
      fixture.pipe('server', client(1)),
      fixture.pipe('client', client(9)),
      fixture.pipe('client', client(2)),
    ];
    for (const end of wrong) {
      expect(end.received()).to.have.length(0);
      expect(end.closed).to.equal(true);
    }
    expect(game.closed).to.equal(false);
  });

  it('take no more than twice the players as server connections', () => {
    const fixture = started(2);
    const ends = Array.from({ length: 6 }, () => fixture.pipe('server', HOST));
    expect(ends.map(({ closed }) => closed)).to.deep.equal([
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  it('can be opened again by the same players until half an hour after the last one closed', async () => {
    const fixture = started();
    await fixture.clock.advance(1_799_999);
    const [server, game] = pair(fixture);
    await fixture.clock.advance(3_600_000);
    fixture.server.sweep();
    expect(game.closed, 'an open pipe keeps its game').to.equal(false);
    server.finish();
    await fixture.clock.advance(1_799_999);
    pair(fixture)[0].finish();
    await fixture.clock.advance(1_800_000);
    expect(fixture.pipe('client', client(2)).closed).to.equal(true);
    fixture.server.sweep();
    expect(fixture.games.size).to.equal(0);
  });

  it('are counted in the welcome', () => {
    const fixture = started();
    pair(fixture);
    expect(fixture.connect().login(4, 'alice').heard()).to.contain('currently playing 2');
  });

  it('with a greeting that only contains the word are no pipes', () => {
    const fixture = new LobbyFixture();
    expect(fixture.connect().login(4, 'alice', 'Aiya!\n').heard()).to.contain(':>>USERS:1:alice');
  });
});

describe('vcmi-lobby: games', () => {
  const table = (maxGames: number, maxIdlePerAddress: number) =>
    new GameTable<string>({ monotonic: () => 0 }, { lifetime: 1000, maxGames, maxIdlePerAddress });

  it('without a connection make room for newer ones, those with one do not', () => {
    const games = table(2, 10);
    const first = games.open(2, 'a');
    const second = games.open(2, 'a');
    const seat = games.arrive({ role: 'server', uuid: first?.hostUuid ?? '' }, 'one')?.seat;
    expect(games.open(2, 'b')).to.not.equal(undefined);
    expect(games.arrive({ role: 'server', uuid: second?.hostUuid ?? '' }, 'x')).to.equal(undefined);
    games.arrive({ role: 'server', uuid: first?.hostUuid ?? '' }, 'two');
    const third = games.open(2, 'c');
    games.arrive({ role: 'server', uuid: third?.hostUuid ?? '' }, 'three');
    expect(games.open(2, 'd'), 'all have connections').to.equal(undefined);
    if (seat !== undefined) games.leave(seat);
    expect(games.size).to.equal(2);
  });

  it('of one address push out their own oldest only', () => {
    const games = table(100, 2);
    const other = games.open(2, 'other');
    for (let i = 0; i < 5; i++) games.open(2, 'greedy');
    expect(games.size).to.equal(3);
    expect(games.arrive({ role: 'server', uuid: other?.hostUuid ?? '' }, 'x')).to.not.equal(
      undefined,
    );
  });
});
