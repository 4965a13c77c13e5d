import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin } from 'beaconry';
import { Bans } from 'beaconry/plugins/bans';
import {
  VcmiChatSaid,
  VcmiGameStarted,
  VcmiLobbies,
  VcmiRoomOpened,
} from 'beaconry/plugins/vcmi-lobby';
import { checkPluginContract, startTestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import { encodeGreeting } from '../../../plugins/vcmi-lobby/lobby-codec.js';
import plugin from '../../../plugins/vcmi-lobby-json/index.js';
import { encodeMessage, HEARTBEAT } from '../../../plugins/vcmi-lobby-json/lobby-json-codec.js';
import type { JsonClient } from './json-client.js';
import { JsonLobbyFixture } from './json-lobby-fixture.js';

const say = (client: JsonClient, messageText: string) =>
  client.send({
    type: 'sendChatMessage',
    messageText,
    channelType: 'global',
    channelName: 'english',
  });
const frame = (text: string) => encodeFrame(Buffer.from(text));

describe('vcmi-lobby-json: plugin', () => {
  const fixture = new JsonLobbyFixture();
  afterEach(() => fixture.stop());

  const json = async (url: string) => (await fixture.test.request(url)).json();

  it('keeps the contract of plugins', async () => {
    await checkPluginContract(plugin);
  });

  it('closes strangers who send what is no login', async () => {
    await fixture.start();
    const wrong = [
      frame('{}'),
      frame('not json'),
      frame('{"type":"joinGameRoom","gameRoomID":"r"}'),
      frame('{"type":"operationFailed","reason":"?"}'),
      frame(
        '{"type":"clientRegister","displayName":"Alice1","language":"english","version":"1","more":1}',
      ),
      frame('['.repeat(1000)),
      Buffer.of(0xff, 0xff, 0xff, 0x7f),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ];
    for (const bytes of wrong) {
      const client = await fixture.open();
      client.socket.write(bytes);
      await client.isClosed();
    }
  });

  it('passes over what a known account or match server says wrongly', async () => {
    await fixture.start();
    const alice = await fixture.player('Alice1');
    const { server } = await fixture.room(alice);
    await alice.sync();
    for (const client of [alice, server]) {
      for (const text of ['{}', 'x', '{"type":"gameStarted","more":1}', '{"type":"serverLogin"}']) {
        client.socket.write(frame(text));
      }
    }
    // Of the other kind: not theirs to say.
    alice.send({ type: 'gameStarted' });
    server.send({ type: 'sendInvite', accountID: alice.accountID });
    expect(await alice.sync()).to.deep.equal([]);
    server.send({ type: 'changeRoomDescription', description: 'still here' });
    await alice.hears('updateGameRoom');
    alice.socket.write(Buffer.of(0xff, 0xff, 0xff, 0x7f));
    await alice.isClosed();
  });

  it('ends connections that do not log in in time, and pushes out the oldest of too many', async () => {
    const { clock } = await fixture.start({ loginTimeout: '5s', maxPending: 2 });
    const alice = await fixture.player('Alice1');
    const [first, second] = [await fixture.open(), await fixture.open()];
    first.socket.write(frame('{"type":"clientRegister"}').subarray(0, 10));
    const third = await fixture.open();
    await first.isClosed();
    await clock.advance(7000);
    await Promise.all([second.isClosed(), third.isClosed()]);
    expect(await alice.sync()).to.deep.equal([]);
  });

  it('keeps large first frames of a few strangers only, and takes the mods of a match server whole', async () => {
    await fixture.start({ maxFrame: '64KiB' });
    const alice = await fixture.player('Alice1');
    const strangers: JsonClient[] = [];
    for (let i = 0; i < 66; i++) {
      const stranger = await fixture.open();
      stranger.socket.write(Buffer.concat([Buffer.of(0, 0xff, 0, 0), Buffer.alloc(5000)]));
      strangers.push(stranger);
    }
    await strangers[0]?.isClosed();
    await strangers[1]?.isClosed();
    expect(strangers.slice(2).filter(({ closed }) => closed)).to.deep.equal([]);
    const mods = Array.from({ length: 400 }, (_, i) => ({
      modId: `mod${i}.part`,
      name: 'A name of usual length',
      version: '1.0.0',
      parent: `mod${i}`,
    }));
    const server = await fixture.open();
    server.send({
      type: 'serverLogin',
      gameRoomID: '00000000-0000-4000-8000-000000000000',
      accountID: alice.accountID,
      accountCookie: alice.cookie,
      version: '1.7.4',
      mods,
    });
    await server.hears('serverLoginSuccess');
    alice.send({ type: 'activateGameRoom', hostAccountID: alice.accountID, roomType: 'public' });
    const { gameRooms } = await alice.hears(
      'activeGameRooms',
      (message) => message.gameRooms.length > 0,
    );
    expect(gameRooms[0]?.mods).to.deep.equal(mods);
    const tooMuch = await fixture.open();
    tooMuch.socket.write(Buffer.of(1, 0, 1, 0));
    await tooMuch.isClosed();
  });

  it('keeps only so many mods of a room, since every list of rooms has them', async () => {
    await fixture.start();
    const alice = await fixture.player('Alice1');
    const server = await fixture.open();
    const text = 'x'.repeat(90);
    server.send({
      type: 'serverLogin',
      gameRoomID: '00000000-0000-4000-8000-000000000000',
      accountID: alice.accountID,
      accountCookie: alice.cookie,
      version: '1.7.4',
      mods: Array.from({ length: 300 }, () => ({ modId: text, name: text, version: text })),
    });
    await server.hears('serverLoginSuccess');
    alice.send({ type: 'activateGameRoom', hostAccountID: alice.accountID, roomType: 'public' });
    const { gameRooms } = await alice.hears(
      'activeGameRooms',
      (message) => message.gameRooms.length > 0,
    );
    expect(gameRooms[0]?.mods).to.have.length(Math.floor((32 * 1024) / 270));
  });

  it('sends heartbeats to those who are logged in, and takes theirs', async () => {
    await fixture.start({ heartbeat: '1s' });
    const alice = await fixture.player('Alice1');
    const stranger = await fixture.open();
    for (let i = 0; i < 50; i++) alice.socket.write(HEARTBEAT);
    await alice.waitFor('heartbeats', () => alice.heartbeats >= 3);
    expect(stranger.heartbeats).to.equal(0);
    expect(await alice.sync()).to.deep.equal([]);
  });

  it('drops whoever does not read, and the others never wait', async () => {
    await fixture.start({ maxQueue: '16KiB' });
    const [alice, bobby] = [await fixture.player('Alice1'), await fixture.player('Bobby')];
    bobby.socket.pause();
    const text = 'x'.repeat(1000);
    for (let i = 0; i < 8000; i++) {
      say(alice, text);
      if (i % 50 === 49) for (let heard = 0; heard < 50; heard++) await alice.hears('chatMessage');
      if ((await json('/v1/vcmi/players')).items.length === 1) return;
    }
    expect.fail('bobby was never dropped');
  }).timeout(30_000);

  it('handles what a client sends in one piece one after the other', async () => {
    await fixture.start();
    const alice = await (await fixture.open()).register('Alice1');
    alice.socket.write(
      Buffer.concat([
        encodeMessage({
          type: 'clientLogin',
          accountID: alice.accountID,
          accountCookie: alice.cookie,
          language: 'english',
          version: '1.7.4',
        }),
        ...['one', 'two', 'three'].map((messageText) =>
          encodeMessage({
            type: 'sendChatMessage',
            messageText,
            channelType: 'global',
            channelName: 'english',
          }),
        ),
      ]),
    );
    for (const text of ['one', 'two', 'three']) {
      expect((await alice.hears('chatMessage')).messageText).to.equal(text);
    }
  });

  it('still knows accounts, cookies, channels and matches after a restart, and no cookie lies in the file', async () => {
    const data = mkdtempSync(join(tmpdir(), 'beaconry-vcmi-'));
    const config = { data, store: { driver: 'sqlite' } };
    try {
      await fixture.start({}, {}, config);
      const [alice, bobby] = [await fixture.player('Alice1'), await fixture.player('Bobby')];
      say(alice, 'before the restart');
      await bobby.hears('chatMessage');
      alice.send({
        type: 'sendChatMessage',
        messageText: 'psst',
        channelType: 'player',
        channelName: bobby.accountID,
      });
      await bobby.hears('chatMessage');
      const over = await fixture.room(alice);
      over.server.send({ type: 'gameStarted' });
      over.server.socket.end();
      await alice.hears('matchesHistory');
      const running = await fixture.room(alice);
      running.server.send({ type: 'gameStarted' });
      await bobby.hears('activeGameRooms', ({ gameRooms }) => gameRooms[0]?.status === 'busy');
      await fixture.stop();

      for (const name of readdirSync(data).filter((file) => file.startsWith('beaconry.db'))) {
        const bytes = readFileSync(join(data, name)).toString('latin1');
        expect(bytes.includes(alice.cookie), name).to.equal(false);
        expect(bytes.includes(bobby.cookie), name).to.equal(false);
      }
      await fixture.start({}, {}, config);
      const again = (await fixture.open()).as(alice).login();
      await again.hears('clientLoginSuccess');
      const global = await again.hears('chatHistory');
      expect(global.messages.map(({ messageText }) => messageText)).to.deep.equal([
        'before the restart',
      ]);
      const { matchesHistory } = await again.hears('matchesHistory');
      expect(matchesHistory.map(({ status }) => status)).to.deep.equal(['closed', 'closed']);
      expect(matchesHistory.map(({ gameRoomID }) => gameRoomID)).to.have.members([
        over.roomID,
        running.roomID,
      ]);
      again.send({
        type: 'requestChatHistory',
        channelType: 'player',
        channelName: bobby.accountID,
      });
      const { messages } = await again.hears('chatHistory');
      expect(messages.map(({ messageText }) => messageText)).to.deep.equal(['psst']);
      const other = await fixture.open();
      other.send({
        type: 'clientRegister',
        displayName: 'BOBBY',
        language: 'english',
        version: '1',
      });
      expect(await other.fails()).to.equal('Account name already in use');
    } finally {
      await fixture.stop();
      rmSync(data, { recursive: true, force: true });
    }
  });

  it('lists rooms and players beside those of the older lobby, at the same place, without addresses', async () => {
    for (const others of [{}, { 'vcmi-lobby': {} }]) {
      await fixture.start({}, others);
      const [alice, bobby] = [await fixture.player('Alice1'), await fixture.player('Bobby')];
      const { roomID, server } = await fixture.room(alice, 'private', 3);
      server.send({ type: 'changeRoomDescription', description: 'Good Game' });
      await bobby.hears('updateGameRoom');
      expect(await json('/v1/vcmi/rooms')).to.deep.equal({
        items: [
          {
            lobby: 'json',
            name: roomID,
            description: 'Good Game',
            started: false,
            host: 'Alice1',
            players: ['Alice1'],
            total: 3,
            protected: true,
            gameMode: 0,
            mods: [{ name: 'HotA', version: '1.6' }],
          },
        ],
        next: null,
      });
      expect((await json('/v1/vcmi/players')).items).to.deep.equal([
        { lobby: 'json', name: 'Alice1', protocol: 0, client: '1.7.4', room: roomID, ready: false },
        { lobby: 'json', name: 'Bobby', protocol: 0, client: '1.7.4', room: null, ready: false },
      ]);
      await fixture.stop();
    }
  });

  it('shares names with the older lobby: nobody wears a registered one there, nor one that looks like it', async () => {
    await fixture.start({}, { 'vcmi-lobby': {} });
    const { names } = fixture.test.get(VcmiLobbies);
    const alice = await fixture.player('alice');
    alice.socket.destroy();
    await alice.isClosed();
    const old = async (name: string) => {
      const client = await fixture.open('lobby');
      client.startRaw();
      const text = Buffer.from(`<GREETINGS>${name}<VER>x`);
      client.socket.write(encodeFrame(encodeGreeting({ version: 4, encoding: 'utf8', text })));
      await client.waitFor('an answer', () => client.raw.length > 0);
      return client.raw.toString();
    };
    for (const name of ['alice', 'ALICE', 'аlice']) {
      expect(await old(name), name).to.contain('It belongs to a registered account');
    }
    expect(await old('bobby')).to.contain(':>>USERS:1:bobby');
    expect(names.refusal('bobby', '192.0.2.1', 0)).to.equal('taken');
    const other = await fixture.open();
    other.send({ type: 'clientRegister', displayName: 'Bobby', language: 'english', version: '1' });
    expect(await other.fails()).to.equal('Account name already in use');
  });

  it('keeps banned accounts out, by name and by id, and drops those who are here', async () => {
    await fixture.start({}, { bans: {} });
    const bans = fixture.test.get(Bans);
    const [alice, bobby, carol] = [
      await fixture.player('Alice1'),
      await fixture.player('Bobby'),
      await fixture.player('Carol'),
    ];
    const { server } = await fixture.room(alice);
    const ban = (account: string, scope = 'all') =>
      bans.add({ subject: `account:${account}`, scope, reason: '', by: 'test' });
    await ban('Alice1', 'vcmi-lobby-json');
    expect(await alice.fails()).to.equal('You are banned from this server');
    expect(await server.fails()).to.equal('You are banned from this server');
    await Promise.all([alice.isClosed(), server.isClosed()]);
    await ban(bobby.accountID);
    await bobby.isClosed();
    await ban('Carol', 'vcmi-lobby');
    for (const client of [alice, bobby]) {
      const again = (await fixture.open()).as(client).login();
      expect(await again.fails()).to.equal('You are banned from this server');
    }
    expect((await carol.sync()).filter(({ type }) => type === 'operationFailed')).to.deep.equal([]);
    await ban('Mallory');
    const mallory = await fixture.open();
    mallory.send({
      type: 'clientRegister',
      displayName: 'Mallory',
      language: 'english',
      version: '1',
    });
    expect(await mallory.fails()).to.equal('You are banned from this server');
  });

  it('tells other plugins what happens', async () => {
    const heard: string[] = [];
    const listener = definePlugin({
      name: 'listener',
      api: 1,
      doc: 'Hears the lobby.',
      setup(context) {
        context.on(VcmiRoomOpened, ({ host, lobby }) => {
          heard.push(`opened by ${host} in ${lobby}`);
        });
        context.on(VcmiGameStarted, ({ players }) => {
          heard.push(`started ${players.join(' ')}`);
        });
        context.on(VcmiChatSaid, ({ name, text }) => {
          heard.push(`${name}: ${text}`);
        });
      },
    });
    fixture.test = await startTestServer({
      plugins: { 'vcmi-lobby-json': {}, listener: {} },
      atHand: { 'vcmi-lobby-json': plugin, listener },
    });
    const alice = await fixture.player('Alice1');
    say(alice, 'hello');
    const { server } = await fixture.room(alice);
    server.send({ type: 'gameStarted' });
    await alice.hears('activeGameRooms', ({ gameRooms }) => gameRooms[0]?.status === 'busy');
    expect(heard).to.deep.equal(['Alice1: hello', 'opened by Alice1 in json', 'started Alice1']);
  });

  it('answers the HTTP interface of VCMI', async () => {
    await fixture.start();
    const [alice, bobby] = [await fixture.player('Alice1'), await fixture.player('Bobby')];
    const { clock } = fixture.test;
    const zero = await json('/api/v1/stats');
    expect(zero.gameCount.total).to.equal(0);
    const over = await fixture.room(alice);
    over.server.send({ type: 'gameStarted' });
    over.server.socket.end();
    await alice.hears('matchesHistory');
    await clock.advance(31_000);
    await fixture.room(alice, 'private', 3);
    await fixture.room(bobby);
    say(alice, 'hello');
    await bobby.hears('chatMessage');
    const spans = (count: number) => ({
      lastDay: count,
      lastWeek: count,
      lastMonth: count,
      lastYear: count,
    });
    const stats = await json('/api/v1/stats');
    expect(stats).to.deep.equal({
      onlinePlayers: ['Alice1', 'Bobby'],
      onlinePlayersCount: { current: 2, lastHour: 2, ...spans(2) },
      registeredPlayersCount: { total: 2, ...spans(2) },
      gameCount: { current: 0, total: 1, ...spans(1) },
      lobbyCount: { current: 2, public: 1, private: 1 },
      lobbyStartTime: '2026-01-01T00:00:00+0000',
      server: 'VCMI Lobby',
      apiVersion: '1.0',
    });
    const chats = await json('/api/v1/chats');
    expect(chats).to.deep.include({ channelName: 'english', count: 1 });
    expect(chats.messages[0]).to.include({
      displayName: 'Alice1',
      messageText: 'hello',
      ageSeconds: 0,
    });
    expect(chats.messages[0].timestamp).to.match(/^2026-01-01T00:00:3\d\+0000$/);
    expect((await json('/api/v1/chats?channelName=german')).count).to.equal(0);
    expect((await fixture.test.request('/api/v1/chats?channelName=klingon')).statusCode).to.equal(
      404,
    );
    const rooms = await json('/api/v1/rooms?limit=2');
    expect(rooms).to.include({ hours: -1, limit: 2, count: 2 });
    expect(rooms.rooms[0]).to.have.all.keys(
      'description',
      'version',
      'status',
      'playerLimit',
      'ageSeconds',
      'mods',
      'createdAt',
    );
    const all = await json('/api/v1/rooms?hours=1');
    expect(all.rooms.map(({ status }: { status: string }) => status)).to.have.members([
      'public',
      'private',
      'closed',
    ]);
    expect(JSON.stringify(all)).to.not.contain(over.roomID);
    for (const query of ['limit=0', 'limit=251', 'hours=-2', 'limit=x']) {
      expect((await fixture.test.request(`/api/v1/rooms?${query}`)).statusCode, query).to.equal(
        400,
      );
    }
  });

  it('refuses a capacity of 0, because nobody could log in', async () => {
    const failure = await fixture.start({ capacity: 0 }).then(() => '', String);
    expect(failure).to.contain('capacity');
  });
});
