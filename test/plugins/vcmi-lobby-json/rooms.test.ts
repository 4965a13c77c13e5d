import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { JsonClient } from './json-client.js';
import { JsonLobbyFixture } from './json-lobby-fixture.js';

const activate = (
  client: JsonClient,
  { hostAccountID = client.accountID, roomType = 'public', playerLimit = 8 } = {},
) => client.send({ type: 'activateGameRoom', hostAccountID, roomType, playerLimit });
const join = (client: JsonClient, gameRoomID: string) =>
  client.send({ type: 'joinGameRoom', gameRoomID });
const invite = (client: JsonClient, guest: JsonClient) =>
  client.send({ type: 'sendInvite', accountID: guest.accountID });

describe('vcmi-lobby-json: rooms', () => {
  const fixture = new JsonLobbyFixture();
  afterEach(() => fixture.stop());

  const players = async (...names: string[]) => {
    const clients: JsonClient[] = [];
    for (const name of names) clients.push(await fixture.player(name));
    return clients as [JsonClient, JsonClient, JsonClient, JsonClient, JsonClient, JsonClient];
  };
  const roomsOf = async (client: JsonClient, fits: (count: number) => boolean) =>
    (await client.hears('activeGameRooms', ({ gameRooms }) => fits(gameRooms.length))).gameRooms;

  it('are opened by the host once its match server is there, and everybody sees them before the host goes in', async () => {
    await fixture.start();
    const [alice, bobby] = await players('Alice1', 'Bobby');
    expect(await activate(alice).fails()).to.equal('Failed to find idle server to join!');
    const roomID = randomUUID();
    await fixture.matchServer(alice, roomID);
    expect(await activate(bobby, { hostAccountID: alice.accountID }).fails()).to.equal(
      'Failed to find idle server to join!',
    );
    expect(await activate(alice, { roomType: 'secret' }).fails()).to.equal('Invalid room type!');
    await bobby.sync();
    activate(alice, { playerLimit: 4 });
    const heard = await alice.sync();
    expect(heard.map(({ type }) => type)).to.deep.equal(['activeGameRooms', 'joinRoomSuccess']);
    expect(heard[1]).to.deep.equal({
      type: 'joinRoomSuccess',
      gameRoomID: roomID,
      proxyMode: false,
    });
    expect(await roomsOf(bobby, (count) => count === 1)).to.deep.equal([
      {
        gameRoomID: roomID,
        hostAccountID: alice.accountID,
        hostAccountDisplayName: 'Alice1',
        description: '',
        version: '1.7.4',
        status: 'public',
        playerLimit: 4,
        ageSeconds: 0,
        participants: [{ accountID: alice.accountID, displayName: 'Alice1' }],
        mods: [{ modId: 'hota', name: 'HotA', version: '1.6' }],
      },
    ]);
    expect(await activate(alice).fails()).to.equal('Player already in the room!');
  });

  it('are not made with a wrong cookie, a wrong id, or the id of another room', async () => {
    await fixture.start();
    const [alice] = await players('Alice1');
    const { roomID } = await fixture.room(alice);
    const attempt = async (gameRoomID: string, accountCookie: string) =>
      (await fixture.open())
        .send({
          type: 'serverLogin',
          gameRoomID,
          accountID: alice.accountID,
          accountCookie,
          version: '1',
        })
        .fails();
    expect(await attempt(randomUUID(), randomUUID())).to.equal('Invalid credentials');
    expect(await attempt('../x', alice.cookie)).to.equal('Invalid credentials');
    expect(await attempt(roomID, alice.cookie)).to.equal('Invalid credentials');
  });

  it('are a few for each host and as many as the operator allows for all', async () => {
    await fixture.start({ maxRooms: 5 });
    const [alice, bobby] = await players('Alice1', 'Bobby');
    for (let i = 0; i < 4; i++) await fixture.matchServer(alice);
    const attempt = async (host: JsonClient) =>
      (await fixture.open())
        .send({
          type: 'serverLogin',
          gameRoomID: randomUUID(),
          accountID: host.accountID,
          accountCookie: host.cookie,
          version: '1',
        })
        .fails();
    expect(await attempt(alice)).to.equal('Too many rooms, try again later');
    await fixture.matchServer(bobby);
    expect(await attempt(bobby)).to.equal('Too many rooms, try again later');
  });

  it('take guests: the match server hears of each, and the guest nothing before the match server answers', async () => {
    await fixture.start();
    const [alice, bobby] = await players('Alice1', 'Bobby');
    const { roomID, server } = await fixture.room(alice);
    await bobby.sync();
    join(bobby, roomID);
    expect((await bobby.sync()).map(({ type }) => type)).to.deep.equal(['activeGameRooms']);
    expect(await server.hears('accountJoinsRoom')).to.deep.equal({
      type: 'accountJoinsRoom',
      accountID: bobby.accountID,
    });
    const [room] = await roomsOf(alice, (count) => count === 1);
    expect(room).to.have.property('participants');
    await fixture.serverProxy(alice, bobby, roomID);
    expect(await bobby.hears('joinRoomSuccess')).to.deep.equal({
      type: 'joinRoomSuccess',
      gameRoomID: roomID,
      proxyMode: true,
    });
  });

  it('refuse guests for five reasons, named in order', async () => {
    await fixture.start();
    const [alice, bobby, carol, david] = await players('Alice1', 'Bobby', 'Carol', 'David');
    const secret = await fixture.room(alice, 'private', 2);
    const open = await fixture.room(bobby, 'public', 2);
    expect(await join(alice, randomUUID()).fails()).to.equal('Player already in the room!');
    expect(await join(carol, randomUUID()).fails()).to.equal('Failed to find game room to join!');
    expect(await join(carol, secret.roomID).fails()).to.equal(
      'You are not permitted to join private room without invite!',
    );
    join(carol, open.roomID);
    await open.server.hears('accountJoinsRoom');
    expect(await join(david, open.roomID).fails()).to.equal('Room is already full!');
    open.server.send({ type: 'gameStarted' });
    await david.hears('activeGameRooms', ({ gameRooms }) =>
      gameRooms.some(({ status }) => status === 'busy'),
    );
    expect(await join(david, open.roomID).fails()).to.equal('Room does not accepts new players!');
    const idle = randomUUID();
    await fixture.matchServer(david, idle);
    expect(await join(david, idle).fails()).to.equal('Room does not accepts new players!');
  });

  it('that are private are joined by those who were invited', async () => {
    await fixture.start();
    const [alice, bobby, carol] = await players('Alice1', 'Bobby', 'Carol');
    expect(await invite(alice, bobby).fails()).to.equal('You are not in the room!');
    const { roomID, server } = await fixture.room(alice, 'private');
    invite(alice, bobby);
    expect(await bobby.hears('inviteReceived')).to.deep.equal({
      type: 'inviteReceived',
      accountID: alice.accountID,
      gameRoomID: roomID,
    });
    await carol.hears(
      'activeGameRooms',
      ({ gameRooms }) => gameRooms[0]?.invited?.[0]?.displayName === 'Bobby',
    );
    expect(await invite(alice, bobby).fails()).to.equal('This player is already invited!');
    join(bobby, roomID);
    await server.hears('accountJoinsRoom');
    expect(await invite(alice, bobby).fails()).to.equal('This player is already in a room!');
    const nobody = { type: 'sendInvite', accountID: randomUUID() } as const;
    expect(await alice.send(nobody).fails()).to.equal('Player is offline or does not exists!');
    // A guest may invite, too.
    invite(bobby, carol);
    expect((await carol.hears('inviteReceived')).accountID).to.equal(bobby.accountID);
  });

  it('lose a guest who leaves or is kicked when the match server says so, and the guest is free again', async () => {
    await fixture.start();
    const [alice, bobby] = await players('Alice1', 'Bobby');
    const { roomID, server } = await fixture.room(alice);
    const { near, far } = await fixture.joinByProxy(bobby, alice, roomID, server);
    server.send({ type: 'leaveGameRoom', accountID: bobby.accountID });
    far.socket.end();
    await near.isClosed();
    await bobby.hears(
      'activeGameRooms',
      ({ gameRooms }) => gameRooms[0]?.participants?.length === 1,
    );
    server.send({ type: 'leaveGameRoom', accountID: bobby.accountID });
    expect(await server.fails()).to.equal('You are not in the room!');
    await fixture.joinByProxy(bobby, alice, roomID, server);
  });

  it('tell of a new description: new clients of that room alone, older ones of all', async () => {
    await fixture.start();
    const alice = await fixture.player('Alice1');
    const old = await fixture.player('Oldie', '1.7.3');
    const unknown = await fixture.player('Other', 'git');
    const { server } = await fixture.room(alice);
    await Promise.all([alice.sync(), old.sync(), unknown.sync()]);
    server.send({
      type: 'changeRoomDescription',
      description: `Good\u0000 Game${'!'.repeat(900)}`,
    });
    const { room } = await alice.hears('updateGameRoom');
    expect(room.description)
      .to.match(/^Good Game!+$/)
      .and.have.length(250);
    for (const client of [old, unknown]) {
      await client.hears('activeGameRooms', ({ gameRooms }) => gameRooms[0]?.description !== '');
      expect((await client.sync()).filter(({ type }) => type === 'updateGameRoom')).to.deep.equal(
        [],
      );
    }
  });

  it('are busy from gameStarted on, closed when the match server goes, and then in the history of their players', async () => {
    await fixture.start();
    const [alice, bobby, carol] = await players('Alice1', 'Bobby', 'Carol');
    const { roomID, server } = await fixture.room(alice);
    join(bobby, roomID);
    await server.hears('accountJoinsRoom');
    server.send({ type: 'gameStarted' });
    await carol.hears('activeGameRooms', ({ gameRooms }) => gameRooms[0]?.status === 'busy');
    server.socket.end();
    for (const player of [alice, bobby]) {
      const { matchesHistory } = await player.hears('matchesHistory');
      expect(matchesHistory).to.have.length(1);
      expect(matchesHistory[0]).to.include({ gameRoomID: roomID, status: 'closed', version: '' });
      expect(matchesHistory[0]).to.not.have.any.keys('mods', 'invited');
      expect(matchesHistory[0]?.participants).to.have.length(2);
    }
    await carol.hears('activeGameRooms', ({ gameRooms }) => gameRooms.length === 0);
    expect((await carol.sync()).filter(({ type }) => type === 'matchesHistory')).to.deep.equal([]);
    await fixture.room(bobby);
  });

  it('that never started are cancelled with their match server and in no history', async () => {
    await fixture.start();
    const [alice, bobby] = await players('Alice1', 'Bobby');
    const { roomID, server } = await fixture.room(alice);
    await bobby.hears('activeGameRooms', ({ gameRooms }) => gameRooms.length === 1);
    server.socket.destroy();
    await bobby.hears('activeGameRooms', ({ gameRooms }) => gameRooms.length === 0);
    expect(await join(bobby, roomID).fails()).to.equal('Failed to find game room to join!');
    const again = (await fixture.open()).as(alice).login();
    expect((await again.hears('matchesHistory')).matchesHistory).to.deep.equal([]);
  });

  it('keep players who lose their connection, who still are in the room when they come back', async () => {
    await fixture.start();
    const [alice, bobby] = await players('Alice1', 'Bobby');
    const { roomID, server } = await fixture.room(alice);
    join(bobby, roomID);
    await server.hears('accountJoinsRoom');
    bobby.socket.destroy();
    await alice.hears('activeAccounts', ({ accounts }) => accounts.length === 1);
    const back = (await fixture.open()).as(bobby).login();
    const [room] = await roomsOf(back, () => true);
    expect(room?.participants).to.have.length(2);
    await back.hears('matchesHistory');
    expect(await join(back, roomID).fails()).to.equal('Player already in the room!');
  });

  it('of six players go from the first to the last step and leave nothing, whoever disconnects at whichever step', async () => {
    await fixture.start({}, {}, { management: { token: 'given' } });
    for (let step = 0; step < 12; step++) {
      const names = ['Host', 'Guest1', 'Guest2', 'Guest3', 'Guest4', 'Guest5'];
      const clients = await players(...(names.map((name) => `${name}x${step}`) as [string]));
      const [host, ...guests] = clients;
      const opened: JsonClient[] = [];
      const cut = (at: number, client: JsonClient | undefined) => {
        if (at === step) client?.socket.destroy();
      };
      const { roomID, server } = await fixture.room(host, 'public', 6);
      cut(0, host);
      const joining = guests.slice(0, 5);
      for (const [i, guest] of joining.entries()) {
        join(guest, roomID);
        await server.hears('accountJoinsRoom', ({ accountID }) => accountID === guest.accountID);
        cut(1 + i, guest);
        if (step === 1 + i) {
          await guest.isClosed();
          server.send({ type: 'leaveGameRoom', accountID: guest.accountID });
          continue;
        }
        const far = await fixture.serverProxy(host, guest, roomID);
        await guest.hears('joinRoomSuccess');
        const near = await fixture.clientProxy(guest, roomID);
        opened.push(far, near);
      }
      cut(6, opened[0]);
      cut(7, opened[1]);
      if (step === 8) server.socket.destroy();
      else server.send({ type: 'gameStarted' });
      cut(9, host);
      cut(10, server);
      cut(11, guests[4]);
      for (const one of [...clients, server]) one.socket.destroy();
      for (const one of opened) if (one.closed === false) one.socket.end();
      await Promise.all(opened.map((one) => one.isClosed()));
    }
    const last = await fixture.player('Lastone');
    last.login();
    const headers = { authorization: 'Bearer given' };
    const metrics = async () =>
      (await fixture.test.request({ method: 'GET', url: '/metrics', headers }, 'admin')).body;
    const value = async (name: string) =>
      new RegExp(`^beaconry_vcmi_lobby_json_${name} (\\d+)$`, 'm').exec(await metrics())?.[1];
    for (let i = 0; i < 50 && (await value('proxies')) !== '0'; i++) await last.sync();
    for (const name of ['rooms', 'proxies', 'pending'])
      expect(await value(name), name).to.equal('0');
    expect(await value('online')).to.equal('1');
  }).timeout(30_000);
});
