import { expect } from 'chai';
import { LobbyFixture, type TestLauncher } from './lobby-fixture.js';

const forget = (...launchers: TestLauncher[]): void => {
  for (const launcher of launchers) launcher.heard();
};
/** The only entry of a list that has one. */
const types = (launcher: TestLauncher): string[] => launcher.messages().map(({ type }) => type);

describe('vcmi-lobby: rooms', () => {
  for (const version of [1, 2, 3, 4, 5]) {
    it(`take 2 to 4 clients of version ${version} from NEW to START`, () => {
      for (const count of [2, 3, 4]) {
        const fixture = new LobbyFixture();
        const players = fixture.room(4, Array(count).fill(version));
        const [host, ...guests] = players;
        for (const guest of guests) guest.say('<READY>room1');
        host?.say('<READY>room1');
        const uuids = new Set<string>();
        for (const player of players) {
          expect(player.closed, 'closed after START').to.equal(true);
          for (const message of player.messages()) {
            if (message.type === 'START' || message.type === 'HOST') uuids.add(message.uuid);
            if (message.type === 'HOST') expect(message.connections).to.equal(count - 1);
          }
        }
        expect(uuids.size, 'one uuid each, one for the host server').to.equal(count + 1);
        expect(fixture.lobby.users.size).to.equal(0);
        expect(fixture.lobby.rooms.size).to.equal(0);
      }
    });
  }

  it('hold a client of version 1 and one of version 5 together', () => {
    const fixture = new LobbyFixture();
    const [host, guest] = fixture.room(2, [5, 1]) as [TestLauncher, TestLauncher];
    host.say('<MODS>vcmi&1.4<HOSTMODE>1');
    expect(host.heard()).to.equal(':>>MODS:1:vcmi:1.4:>>MODSOTHER:alice:1:vcmi:1.4:>>GAMEMODE:1');
    expect(guest.heard(), 'version 1 knows neither MODS nor GAMEMODE').to.equal('');
    host.say('<MSG>hello all');
    guest.say('<MSG>in the room');
    expect(guest.heard()).to.equal(':>>MSG:alice:hello all:>>MSG:bobby:in the room');
    expect(host.heard()).to.equal(':>>MSGCH:alice:global:hello all:>>MSGCH:bobby:room:in the room');
    host.say('<READY>room1');
    guest.say('<READY>room1');
    expect(host.heard()).to.match(/:>>HOST:[0-9a-f-]{36}:1:>>START:[0-9a-f-]{36}$/);
    expect(guest.heard()).to.match(/:>>START:[0-9a-f-]{36}$/);
  });

  it('start at once when a host of version 1 or 2 is ready, even alone', () => {
    const fixture = new LobbyFixture();
    const [host, guest] = fixture.room(4, [2, 4]) as [TestLauncher, TestLauncher];
    host.say('<READY>room1');
    expect(guest.heard()).to.match(/:>>STATUS:2:alice:True:bobby:False:>>START:/);
    const alone = new LobbyFixture();
    const [single] = alone.room(4, [1]) as [TestLauncher];
    single.say('<READY>room1');
    expect(single.heard()).to.match(/:>>HOST:[0-9a-f-]{36}:0:>>START:/);
  });

  it('start when the last one who was not ready is kicked', () => {
    const fixture = new LobbyFixture();
    const [a, b, c] = fixture.room(4, [4, 4, 4]) as [TestLauncher, TestLauncher, TestLauncher];
    a.say('<READY>room1');
    b.say('<READY>room1');
    forget(a, b, c);
    a.say('<KICK>carol');
    expect(types(b)).to.deep.equal(['KICK', 'STATUS', 'START']);
    expect(types(c)).to.deep.equal(['KICK', 'SESSIONS', 'USERS']);
  });

  it('forget who was ready when a member leaves, and do not start then', () => {
    const fixture = new LobbyFixture();
    const [a, b, c] = fixture.room(4, [4, 4, 4]) as [TestLauncher, TestLauncher, TestLauncher];
    a.say('<READY>room1');
    b.say('<READY>room1');
    forget(a, b, c);
    c.say('<LEAVE>room1');
    expect(a.heard()).to.contain(':>>STATUS:2:alice:False:bobby:False');
    expect(fixture.lobby.rooms.size).to.equal(1);
  });

  it('are listed only after COUNT', () => {
    const fixture = new LobbyFixture();
    const host = fixture.join(4, 'alice');
    host.say('<NEW>secret<PSWD>x');
    const guest = fixture.connect().login(4, 'bobby');
    expect(guest.heard()).to.contain(':>>SESSIONS:0');
    guest.say('<JOIN>secret<PSWD>x');
    expect(guest.heard(), 'nobody joins before').to.equal(':>>ERROR:Room secret is full');
  });

  it('refuse names that would break the list of every client', () => {
    const fixture = new LobbyFixture();
    const host = fixture.join(4, 'alice');
    for (const name of ['', 'ab', ' abc', 'a:bc', 'a<bc', 'a>bc', 'abc\n', 'x'.repeat(65)]) {
      host.say(`<NEW>${name}<PSWD><COUNT>2`);
      expect(host.messages(), name).to.have.length(1);
      expect(fixture.lobby.rooms.size, name).to.equal(0);
    }
    host.say(`<NEW>${'x'.repeat(64)}<PSWD><COUNT>2`);
    expect(fixture.lobby.rooms.size).to.equal(1);
  });

  it('stay when COUNT or HOSTMODE is no number: an error and nothing else', () => {
    const fixture = new LobbyFixture();
    const host = fixture.join(4, 'alice');
    host.say('<NEW>room1<PSWD><COUNT>many');
    expect(types(host)).to.deep.equal(['ERROR']);
    host.say('<COUNT> 3 ');
    expect(host.heard()).to.contain(':>>SESSIONS:1:room1:1:3:False');
    for (const mode of ['x', '', '2', '77', '1e3', '-1']) {
      host.say(`<HOSTMODE>${mode}`);
      expect(types(host), mode).to.deep.equal(['ERROR']);
    }
    host.say('<COUNT>4');
    expect(host.heard()).to.equal(
      ':>>ERROR:Changing amount of players is not possible for existing session',
    );
    expect(host.closed).to.equal(false);
  });

  it('count a joiner only at PSWD, and check everything again then', () => {
    const fixture = new LobbyFixture();
    const [host] = fixture.room(2, [4]) as [TestLauncher];
    const b = fixture.join(4, 'bobby');
    const c = fixture.join(4, 'carol');
    forget(b);
    b.say('<JOIN>room1');
    c.say('<JOIN>room1');
    expect(b.heard() + c.heard(), 'JOIN alone is silent').to.equal('');
    b.say('<PSWD>');
    c.heard();
    c.say('<PSWD>');
    expect(c.heard()).to.equal(':>>ERROR:Room room1 is full');
    c.say('<NEW>other<PSWD><COUNT>2');
    expect(c.heard(), 'a failed join leaves no trace').to.contain(':>>CREATED:other');
    const d = fixture.join(4, 'david');
    b.say('<LEAVE>room1');
    d.say('<JOIN>room1');
    host.say('<LEAVE>room1');
    d.heard();
    d.say('<PSWD>');
    expect(d.heard()).to.equal(":>>ERROR:Room with name room1 doesn't exist");
    d.say('<READY>room1<LEAVE>room1<KICK>alice<MODS>x&1<HOSTMODE>1<COUNT>3');
    expect(d.heard()).to.equal('');
    expect(d.closed).to.equal(false);
  });

  it('ignore the password of a member who is in already', () => {
    const fixture = new LobbyFixture();
    const host = fixture.join(4, 'alice').say('<NEW>room1<PSWD>pw<COUNT>3');
    const guest = fixture.join(4, 'bobby').say('<JOIN>room1<PSWD>pw');
    forget(host, guest);
    guest.say('<PSWD>wrong');
    expect(guest.heard()).to.equal('');
    guest.say('<LEAVE>room1');
    expect(guest.heard()).to.contain(':>>KICK:room1:bobby');
  });

  it('do not answer MODS after a refused password', () => {
    const fixture = new LobbyFixture();
    fixture.join(4, 'alice').say('<NEW>room1<PSWD>pw<COUNT>3');
    const guest = fixture.join(4, 'bobby');
    guest.say('<JOIN>room1<PSWD>no<MODS>a&1');
    expect(guest.heard()).to.equal(':>>ERROR:Incorrect password');
  });

  it('match a password in the encoding of each, also when it came together with NEW', () => {
    const fixture = new LobbyFixture();
    const host = fixture.connect();
    host.encoding = 'cp1251';
    host.login(4, 'alice');
    const cyrillic = Buffer.from('efe0f0eeebfc', 'hex'); // "пароль" in cp1251
    const frame = Buffer.concat([
      Buffer.from('<NEW>room1<PSWD>'),
      cyrillic,
      Buffer.from('<COUNT>2'),
    ]);
    host.send(Buffer.concat([Buffer.of(frame.length, 0, 0, 0), frame]));
    const guest = fixture.join(4, 'bobby').say('<JOIN>room1<PSWD>пароль');
    expect(guest.heard()).to.contain(':>>JOIN:room1:bobby');
  });

  it('skip empty mods, keep a missing version empty, strip colons and cap their number', () => {
    const fixture = new LobbyFixture();
    const [host, guest] = fixture.room(3, [4, 4]) as [TestLauncher, TestLauncher];
    host.say('<MODS>');
    expect(host.heard()).to.equal(':>>MODS:0:>>MODSOTHER:alice:0');
    guest.say('<MODS>;;a:>>KICK:x&1:2;b;&9;');
    expect(host.heard()).to.equal(':>>MODSOTHER:bobby:2:a>>KICKx:12:b:');
    guest.heard();
    host.say(`<MODS>${Array.from({ length: 1000 }, (_, i) => `mod${i}&1`).join(';')}`);
    host.say('<MODS>another&1;mod0&2');
    const last = host.messages().at(-2);
    expect(last?.type === 'MODS' && last.mods).to.have.length(256);
    expect(last?.type === 'MODS' && last.mods[0]).to.deep.equal({ name: 'mod0', version: '2' });
  });

  it('tell a joiner when the versions differ', () => {
    const fixture = new LobbyFixture();
    fixture.join(5, 'alice').say('<NEW>room1<PSWD><COUNT>3<VER>VCMI 1.4.5');
    const guest = fixture.connect().login(5, 'bobby', 'VCMI 1.4:>>KICK:a:b');
    guest.heard();
    guest.say('<JOIN>room1<PSWD>');
    expect(guest.heard()).to.contain(
      ':>>MSG:System:Your VCMI version VCMI 1.4:>KICK:a:b differs from host version VCMI 1.4.5, ' +
        'which may cause problems',
    );
  });

  it('say to all that a room is protected when its host sets a password later', () => {
    const fixture = new LobbyFixture();
    const [host] = fixture.room(2, [4]) as [TestLauncher];
    host.say('<PSWD>late');
    expect(host.heard()).to.equal(':>>SESSIONS:1:room1:1:2:True');
  });

  it('tell other plugins what happens, and nothing of talk in rooms', () => {
    const fixture = new LobbyFixture();
    const [host, guest] = fixture.room(2, [4, 4]) as [TestLauncher, TestLauncher];
    guest.say('<MSG>between us');
    guest.say('<MSG>@all good bye');
    host.say('<FORCESTART>room1');
    expect(fixture.said).to.deep.equal([
      'joined alice',
      'joined bobby',
      'opened room1',
      'said bobby good bye',
      'left alice',
      'left bobby',
      'closed room1 true',
      'started room1 alice,bobby',
    ]);
  });
});
