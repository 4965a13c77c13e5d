import { expect } from 'chai';
import { encodePipeHandshake } from '../../../plugins/vcmi-lobby/pipe-codec.js';
import { LobbyFixture, type TestLauncher } from './lobby-fixture.js';

const frame = (bytes: Buffer | string): Buffer => {
  const payload = Buffer.from(bytes as string);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(payload.length);
  return Buffer.concat([head, payload]);
};

describe('vcmi-lobby: login', () => {
  it('is refused outside versions 1 to 5, with an error and a close', () => {
    for (const version of [0, 6, 0x3c, 255]) {
      const client = new LobbyFixture().connect().login(version, 'alice');
      expect(client.heard()).to.equal(
        ':>>ERROR:Cannot connect to remote server due to protocol incompatibility',
      );
      expect(client.closed).to.equal(true);
    }
  });

  it('is refused clearly with an unknown encoding or a broken head', () => {
    const fixture = new LobbyFixture();
    const unknown = fixture.connect();
    unknown.send(frame('\x04\x07klingon<GREETINGS>alice'));
    expect(unknown.heard()).to.equal(':>>ERROR:Unknown text encoding klingon, use utf8');
    expect(unknown.closed).to.equal(true);
    for (const bytes of ['\x04', '\x04\x20utf8']) {
      const short = fixture.connect();
      short.send(frame(bytes));
      expect(short.heard()).to.equal(':>>ERROR:Protocol error');
      expect(short.closed).to.equal(true);
    }
  });

  it('can be tried again with a bare greeting after an error, the version unchanged', () => {
    const fixture = new LobbyFixture();
    const client = fixture.connect().login(5, 'ab');
    expect(client.heard()).to.equal(':>>ERROR:Too short username ab');
    client.say('<GREETINGS>alice<VER>x');
    expect(client.heard()).to.contain(':>>USERS:1:alice');
    expect([...fixture.lobby.users][0]?.version).to.equal(5);
  });

  it('twice is answered in order with everything else, so that tools can use it as a ping', () => {
    const fixture = new LobbyFixture();
    const client = fixture.join(4, 'alice');
    client.send(
      Buffer.concat([
        frame('<MSG>one'),
        frame('\x04\x04utf8<GREETINGS>alice<MSG>not handled'),
        frame('<MSG>two'),
      ]),
    );
    expect(client.heard()).to.equal(
      ':>>MSG:alice:one:>>ERROR:User already authorized:>>MSG:alice:two',
    );
  });

  it('must come before everything else', () => {
    const fixture = new LobbyFixture();
    const client = fixture.connect();
    client.send(frame('\x04\x00<MSG>x<NEW>room1<COUNT>2<HERE><VER>y'));
    client.say('<MSG>hello<HERE>');
    expect(client.heard()).to.equal('');
    expect(fixture.lobby.rooms.size).to.equal(0);
  });

  it('counts only users who are logged in', () => {
    const fixture = new LobbyFixture();
    const waiting = fixture.connect();
    waiting.send(frame('\x04\x00<GREETINGS>x'));
    const alice = fixture.connect().login(4, 'alice');
    expect(alice.heard()).to.contain('Here available 0 users, currently playing 0');
    waiting.heard();
    fixture.join(4, 'bobby');
    expect(waiting.heard(), 'strangers are told nothing').to.equal('');
  });

  it('is refused to names that are taken in another form, look alike or belong to the system', () => {
    const fixture = new LobbyFixture();
    fixture.join(4, 'alice');
    const tries: Record<string, string> = {
      ALICE: 'already occpupied',
      аlice: 'looks like',
      SYSTEM: 'reserved',
      room: 'reserved',
      'alice\n': 'Invalid username',
      [`x${'y'.repeat(30)}`]: 'Invalid username',
    };
    for (const [name, error] of Object.entries(tries)) {
      expect(fixture.connect().login(4, name).heard(), name).to.contain(error);
    }
  });

  it('keeps a name for 60 seconds for the address that had it', async () => {
    const fixture = new LobbyFixture();
    fixture.join(4, 'alice', '192.0.2.1:1000').finish();
    expect(fixture.connect('192.0.2.9:1').login(4, 'Alice').heard()).to.contain(':>>ERROR:');
    const back = fixture.connect('192.0.2.1:2000').login(4, 'alice');
    expect(back.heard()).to.contain(':>>USERS:1:alice');
    back.finish();
    await fixture.clock.advance(60_000);
    expect(fixture.connect('192.0.2.9:2').login(4, 'alice').heard()).to.contain(':>>USERS:1');
  });

  it('ends at the capacity: one more gets an error and is closed, and a place that is free is taken', () => {
    const fixture = new LobbyFixture({ capacity: 2 });
    const alice = fixture.join(4, 'alice');
    fixture.join(4, 'bobby');
    const third = fixture.connect().login(4, 'carol');
    expect(third.heard()).to.equal(':>>ERROR:The server is full, try again later');
    expect(third.closed).to.equal(true);
    alice.finish();
    expect(fixture.connect().login(4, 'carol').heard()).to.contain(':>>USERS:2:bobby:carol');
  });

  it('must happen in time, and a silent flood pushes out its oldest only', async () => {
    const fixture = new LobbyFixture({ maxPending: 3 });
    const silent = Array.from({ length: 5 }, () => fixture.connect());
    expect(silent.map(({ closed }) => closed)).to.deep.equal([true, true, false, false, false]);
    const alice = fixture.connect().login(4, 'alice');
    fixture.server.sweep();
    await fixture.clock.advance(20_000);
    fixture.server.sweep();
    expect(silent.every(({ closed }) => closed)).to.equal(true);
    expect(alice.closed, 'logged in').to.equal(false);
    expect(fixture.server.pending).to.equal(0);
  });
});

describe('vcmi-lobby: chat', () => {
  it('reaches version 5 as MSGCH and the others as MSG, whoever speaks', () => {
    const fixture = new LobbyFixture();
    const clients = [1, 2, 3, 4, 5].map((version) => fixture.join(version, `user${version}`));
    for (const client of clients) client.heard();
    for (const speaker of [1, 5]) {
      clients[speaker - 1]?.say('<MSG>hey');
      const heard = clients.map((client) => client.heard());
      expect(heard.slice(0, 4)).to.deep.equal(Array(4).fill(`:>>MSG:user${speaker}:hey`));
      expect(heard[4]).to.equal(`:>>MSGCH:user${speaker}:global:hey`);
    }
  });

  it('of version 5 is not searched for mentions, and room without a room is a talk to oneself', () => {
    const fixture = new LobbyFixture();
    const alice = fixture.join(5, 'alice');
    const bobby = fixture.join(5, 'bobby').say('<CHANNEL>room');
    alice.heard();
    bobby.heard();
    alice.say('<MSG>@bobby psst');
    expect(bobby.heard()).to.equal(':>>MSGCH:alice:global:@bobby psst');
    alice.heard();
    alice.say('<CHANNEL>room');
    alice.say('<CHANNEL>room<MSG>alone');
    expect(alice.heard()).to.equal(':>>CHANNEL:room:>>MSGCH:alice:room:alone');
    expect(bobby.heard()).to.equal('');
    alice.say('<CHANNEL>nowhere<MSG>not said');
    expect(alice.heard()).to.equal(":>>ERROR:Channel with name nowhere doesn't exist");
  });

  it('to a name that is not there goes without the prefix to those nearby', () => {
    const fixture = new LobbyFixture();
    const [host, guest] = fixture.room(3, [4, 4]) as [TestLauncher, TestLauncher];
    const outside = fixture.join(4, 'carol');
    for (const client of [host, guest]) client.heard();
    guest.say('<MSG>@carol psst');
    expect(host.heard()).to.equal(':>>MSG:bobby:psst');
    expect(outside.heard()).to.equal('');
    outside.say('<MSG>@nobody hello');
    expect(guest.heard()).to.contain(':>>MSG:carol:hello');
  });

  it('cannot forge a message of the server', () => {
    const fixture = new LobbyFixture();
    const [host, guest] = fixture.room(3, [4, 5]) as [TestLauncher, TestLauncher];
    for (const text of [
      'x:>>KICK:room1:bobby',
      '>>KICK:room1:bobby',
      ':\u0000>>KICK:room1:bobby',
    ]) {
      host.say(`<MSG>${text}`);
      for (const client of [host, guest]) {
        const messages = client.messages();
        expect(
          messages.every(({ type }) => type.startsWith('MSG')),
          text,
        ).to.equal(true);
      }
    }
    host.say('<MSG>@all >>KICK:room1:bobby');
    expect(guest.messages().map(({ type }) => type)).to.deep.equal(['MSGCH']);
  });

  it('keeps a < and drops what is empty, but <MSG><HERE> still lists the people', () => {
    const fixture = new LobbyFixture();
    const alice = fixture.join(4, 'alice');
    alice.say('<MSG>1 < 2 > 0');
    expect(alice.heard()).to.equal(':>>MSG:alice:1 < 2 > 0');
    alice.say('<MSG><HERE>');
    expect(alice.heard()).to.equal(':>>USERS:1:alice');
    alice.say('<MSG>   ');
    alice.say(`<MSG>${'x'.repeat(5000)}`);
    expect(alice.heard()).to.equal(`:>>MSG:alice:${'x'.repeat(1000)}`);
  });

  it('shows versions before 4 who is in which room', () => {
    const fixture = new LobbyFixture();
    fixture.room(3, [4]);
    const old = fixture.join(1, 'carol');
    old.say('<HERE>');
    expect(old.heard()).to.equal(':>>MSG:System:People in lobby\nalice[room room1]\ncarol');
  });
});

describe('vcmi-lobby: limits', () => {
  it('a user who reads nothing is dropped and nobody waits for him', async () => {
    const fixture = new LobbyFixture();
    const alice = fixture.join(4, 'alice');
    const deaf = fixture.join(4, 'bobby');
    deaf.stalled = true;
    for (let i = 0; i < 300; i++) {
      alice.say(`<MSG>${'x'.repeat(1000)}`);
      expect(alice.heard(), 'heard at once').to.have.length.greaterThan(1000);
    }
    await fixture.clock.advance(0);
    expect(deaf.closed).to.equal(true);
    expect(deaf.pending).to.be.below(300_000);
    expect(fixture.lobby.users.size).to.equal(1);
  });

  it('an address that is too quick has to wait, and loses nothing', async () => {
    const fixture = new LobbyFixture({ perAddressLimit: 4 });
    const quick = fixture.join(4, 'alice', '192.0.2.1:1');
    const other = fixture.join(4, 'bobby', '192.0.2.2:1');
    other.heard();
    for (let i = 0; i < 20; i++) quick.say(`<MSG>${i}`);
    const lines = () => other.messages().length;
    expect(lines()).to.equal(8);
    other.say('<MSG>not held up');
    expect(other.heard()).to.equal(':>>MSG:bobby:not held up');
    let heard = 8;
    for (let second = 0; second < 30; second++) {
      await fixture.clock.advance(1000);
      heard += lines();
    }
    expect(heard).to.equal(20);
    expect(fixture.clock.pending).to.equal(0);
  });

  it('what is long costs its sender more, so that nobody is flooded with the mods or the talk of another', async () => {
    const fixture = new LobbyFixture({ perAddressLimit: 32 });
    const host = fixture.join(4, 'alice', '192.0.2.1:1').say('<NEW>room1<PSWD><COUNT>3');
    const guest = fixture.join(4, 'bobby', '192.0.2.2:1').say('<JOIN>room1<PSWD>');
    host.received();
    const mods = Array.from({ length: 200 }, (_, i) => `${'中'.repeat(90)}${i}&1`).join(';');
    for (let i = 0; i < 50; i++) guest.say(`<MODS>${mods}`);
    expect(host.received().length).to.be.below(10 * mods.length * 3);
    await fixture.clock.advance(10_000);
    host.received();
    for (let i = 0; i < 50; i++) guest.say(`<MSG>${'😀'.repeat(1000)}`);
    expect(host.received().length).to.be.below(20 * 4100);
  });

  it('one frame with thousands of tags is worked off at the same pace', async () => {
    const fixture = new LobbyFixture({ perAddressLimit: 4 });
    const quick = fixture.join(4, 'alice');
    quick.say('<HERE>'.repeat(1000));
    expect(quick.messages()).to.have.length.below(33);
    quick.finish();
    expect(fixture.clock.pending, 'no timer is left').to.equal(0);
  });

  it('frames without a command are looked through at that pace, too', async () => {
    const fixture = new LobbyFixture({ perAddressLimit: 4 });
    const quick = fixture.join(4, 'alice');
    for (let i = 0; i < 50; i++) quick.say('<'.repeat(10_000));
    quick.say('<HERE>');
    expect(quick.heard()).to.equal('');
    quick.finish();
    expect(fixture.clock.pending, 'no timer is left').to.equal(0);
  });

  it('wrong passwords get slow', async () => {
    const fixture = new LobbyFixture({ perAddressLimit: 1000 });
    fixture.join(4, 'alice').say('<NEW>room1<PSWD>pw<COUNT>3');
    const guesser = fixture.join(4, 'bobby', '192.0.2.7:1');
    for (let i = 0; i < 100; i++) guesser.say(`<JOIN>room1<PSWD>${i}`);
    expect(guesser.messages()).to.have.length.below(7);
    await fixture.clock.advance(10_000);
    expect(guesser.messages()).to.have.length.below(20);
  });

  it('connections of one address are limited, and its games do not count', () => {
    const fixture = new LobbyFixture({ perAddressLimit: 2 });
    const uuids = ['server', 'client', 'client2'].map(
      (_, i) => `00000000-0000-4000-8000-00000000000${i}`,
    );
    fixture.uuids.push(...uuids);
    fixture.games.open(2, '192.0.2.1');
    fixture.pipe('server', uuids[0] ?? '');
    fixture.pipe('client', uuids[2] ?? '');
    fixture.connect();
    fixture.connect();
    const third = fixture.connect();
    expect(third.heard()).to.equal(':>>ERROR:Too many connections from your address');
    expect(third.closed).to.equal(true);
    expect(fixture.connect('192.0.2.99:1').closed).to.equal(false);
  });

  it('an IPv6 /64 counts as one address', () => {
    const fixture = new LobbyFixture({ perAddressLimit: 2 });
    fixture.connect('[2001:db8::1]:1');
    fixture.connect('[2001:db8::2]:1');
    expect(fixture.connect('[2001:db8:0:0:ffff::3]:1').closed).to.equal(true);
    expect(fixture.connect('[2001:db8:0:1::3]:1').closed).to.equal(false);
  });

  it('a pipe that no game takes counts as a connection of its address until it has gone', () => {
    const fixture = new LobbyFixture({ perAddressLimit: 2 });
    const unknown = '00000000-0000-4000-8000-000000000009';
    const ends = [0, 1].map(() => {
      const end = fixture.connect();
      // As a socket does whose peer does not close.
      end.end = () => {};
      end.send(encodePipeHandshake({ name: '(client)', uuid: unknown, endianness: 1 }));
      return end;
    });
    expect(fixture.connect().closed, 'a third').to.equal(true);
    ends[0]?.drop();
    expect(fixture.connect().closed).to.equal(false);
  });

  it('a first frame over 1 KiB, a later one over the limit and a length of 0 close the connection', () => {
    const fixture = new LobbyFixture({ maxFrame: 2000 });
    const big = fixture.connect();
    big.send(Buffer.of(1, 4, 0, 0));
    expect(big.closed).to.equal(true);
    const alice = fixture.join(4, 'alice');
    alice.say(`<MSG>${'x'.repeat(1990)}`);
    expect(alice.closed).to.equal(false);
    alice.send(Buffer.of(0xd1, 7, 0, 0));
    expect(alice.closed).to.equal(true);
    expect(fixture.lobby.users.size).to.equal(0);
  });

  it('lists cost a bounded number of bytes a second and still come true in the end', async () => {
    const fixture = new LobbyFixture({ capacity: 3000 });
    const names = Array.from({ length: 1200 }, (_, i) => `user_number_${i}`);
    const clients = names.map((name) => fixture.connect().login(4, name));
    const bytes = clients.reduce((sum, client) => sum + client.received().length, 0);
    expect(bytes).to.be.below(4 * 1024 * 1024 + 1200 * 1200 * 20);
    for (let i = 0; i < 100; i++) {
      await fixture.clock.advance(200);
      fixture.lobby.flushLists();
    }
    const [first] = clients;
    const lists = first?.messages() ?? [];
    const last = lists.filter(({ type }) => type === 'USERS').at(-1);
    expect(last?.type === 'USERS' && last.users).to.have.length(1200);
  });
});

describe('vcmi-lobby: health check and ROOT', () => {
  it('asks versions 4 and 5 after one silent period and drops them after two', () => {
    const fixture = new LobbyFixture();
    const [old, silent, alive] = [
      fixture.join(3, 'alice'),
      fixture.join(4, 'bobby'),
      fixture.join(5, 'carol'),
    ];
    for (const client of [old, silent, alive]) client.heard();
    fixture.engine.checkHealth();
    expect([old, silent, alive].map((client) => client.heard())).to.deep.equal([
      '',
      ':>>HEALTH:',
      ':>>HEALTH:',
    ]);
    alive.say('<ALIVE>');
    fixture.engine.checkHealth();
    expect([old, silent, alive].map(({ closed }) => closed)).to.deep.equal([false, true, false]);
    expect(fixture.lobby.users.size).to.equal(2);
  });

  it('ROOT is off by default, and otherwise for loopback or for all', () => {
    const ask = (root: 'off' | 'loopback' | 'all', from: string): string => {
      const client = new LobbyFixture({ root }).join(4, 'alice', from);
      client.say('<ROOT>users<ROOT>nonsense<ROOT>constructor');
      return client.heard();
    };
    const answer = ':>>MSG:System:1';
    expect(ask('off', '127.0.0.1:1')).to.equal('');
    expect(ask('loopback', '127.0.0.1:1')).to.equal(answer);
    expect(ask('loopback', '[::1]:1')).to.equal(answer);
    expect(ask('loopback', '192.0.2.1:1')).to.equal('');
    expect(ask('all', '192.0.2.1:1')).to.equal(answer);
  });
});
