import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeIps } from 'beaconry/plugins/fake-ip';
import { SteamGameServer } from 'beaconry/plugins/game-server';
import { Registrations } from 'beaconry/plugins/master';
import { SteamAdministration, SteamBackend } from 'beaconry/plugins/steam-backend';
import { VcmiLobbies } from 'beaconry/plugins/vcmi-lobby';
import { SteamClient } from 'beaconry/steam-client';
import type { TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { loadSqlite } from '../../core/store/sqlite-library.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../server-browser/master/heartbeat-codec.js';
import { JsonLobbyFixture } from '../plugins/vcmi-lobby-json/json-lobby-fixture.js';

const rallyFiles = fileURLToPath(new URL('../../../fixtures/rally', import.meta.url));
const address = '192.0.2.7';
const APP = 480;

interface Row {
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
}

describe('somebody who asks to be forgotten', () => {
  const fixture = new JsonLobbyFixture();
  let folder: string;
  let test: TestServer;
  let steamId: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-forget-'));
    cpSync(rallyFiles, join(folder, 'rally'), { recursive: true });
    test = await start();
  });
  afterEach(async () => {
    await fixture.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = () =>
    fixture.start(
      {},
      {
        ...{ 'vcmi-lobby': {}, bans: {}, rules: {}, social: {}, 'fake-ip': {} },
        ...{ 'steam-backend': {}, 'auth-sessions': {}, 'game-server': {}, a2s: {}, 'web-api': {} },
        master: { verify: 'off', rateLimit: 'off' },
        browser: {},
        coordinator: { dev: true, pops: { dev: { desc: 'Here' } } },
        rally: { definition: join(folder, 'rally'), authentication: 'entry-list' },
      },
      { data: folder, store: { driver: 'sqlite' }, management: { token: 'operator-token' } },
    );
  const forget = (subject: string) => test.command('forget', { subject }) as Promise<string>;
  const json = async (url: string) => (await test.request(url)).json();
  /** What a reader of the closed store sees; stopping first writes what waits in memory. */
  const stored = async (): Promise<Row[]> => {
    await fixture.stop();
    const { DatabaseSync } = await loadSqlite();
    const database = new DatabaseSync(join(folder, 'beaconry.db'));
    const rows = database.prepare('SELECT namespace, key, value FROM entry').all() as Row[];
    database.close();
    return rows;
  };
  const withText = (rows: readonly Row[], ...texts: string[]) =>
    rows
      .filter((row) => texts.some((text) => Object.values(row).some((one) => one.includes(text))))
      .map(({ namespace, key }) => `${namespace} ${key}`);

  const register = (from: string) => {
    const [bytes] = test.ask('master', Buffer.from('q'), from);
    const answer = decodeMasterMessage(bytes ?? new Uint8Array());
    const challenge = answer.kind === 'challenge' ? String(answer.challenge) : '';
    const values = { protocol: '7', challenge, gamedir: 'cstrike', hostname: 'Ours' };
    const message = { kind: 'join', values: new Map(Object.entries(values)) } as const;
    test.ask('master', encodeGameServerMessage(message), from);
  };

  /** Does all that a person with a SteamID can do here. */
  const live = async (): Promise<void> => {
    const administration = test.get(SteamAdministration);
    const { steamId: id, accountKey } = await administration.createAccount({ name: 'Ann' });
    steamId = id.toString();
    const other = (await administration.createAccount({ name: 'Bob' })).steamId;
    await administration.grantLicence({ steamId: id, appId: APP });
    await administration.grantLicence({ steamId: other, appId: APP, lender: id });
    const group = await administration.createGroup('Drivers');
    await administration.setMember(group, { steamId: id, relationship: 3, rank: 1 });
    await administration.block(other, id);
    await administration.block(id, other);
    await administration.createServerAccount({ owner: id, appId: APP, memo: 'of Ann' });
    await test.command('account-lock', { steamId });
    await test.command('account-unlock', { steamId });

    const server = test.get(SteamGameServer);
    server.serverInit('', 27015, 27016, 3, '1.0');
    server.logOnAnonymous();
    await test.clock.advance(200);
    const client = new SteamClient({
      ...{ backend: test.get(SteamBackend), clock: test.clock, log: console, address },
    });
    await client.logOn({ accountKey });
    const asked = client.getAuthSessionTicket(APP);
    await test.clock.advance(200);
    expect(server.beginAuthSession((await asked).bytes, id)).equal(0);
    await test.clock.advance(200);

    await test.get(FakeIps).allocate(APP, `steamid:${steamId}`, 2);
    const made = await test.server.endpoints.http.get('admin')?.inject({
      method: 'POST',
      url: '/v1/admin/keys',
      headers: { authorization: 'Bearer operator-token' },
      payload: { scope: 'server', memo: 'for Ann', owner: steamId },
    });
    expect(made?.statusCode, made?.body).equal(201);
  };

  it('by a SteamID is in no entry of the store any more', async () => {
    await live();
    const said = (await forget(steamId)).split('\n');
    expect(said.map((line) => line.split(':')[0]).sort()).deep.equal([
      ...['audit', 'fake-ip', 'steam-backend', 'web-api'],
    ]);
    expect(await forget(steamId)).equal('nothing was kept');
    const rows = await stored();
    expect(withText(rows, steamId, '"Ann"', 'of Ann', 'for Ann')).deep.equal([]);
    expect(withText(rows, '"Bob"')).not.deep.equal([]);
  });

  it('by a SteamID drives without a name, in this rally and in those that are over; the times stay', async () => {
    const list = join(folder, 'rally', 'entry-list.json');
    const { entries } = JSON.parse(readFileSync(list, 'utf8')) as {
      entries: { number: number; driver: string; driverId: string; codriverId: string }[];
    };
    const [aino, second] = entries as [(typeof entries)[0], (typeof entries)[0]];
    const times = { position: 1, number: 1, total: 754_000 };
    const rally = { id: 1, name: 'Of before', endedAt: new Date(test.clock.now()).toISOString() };
    await fixture.stop();
    const { DatabaseSync } = await loadSqlite();
    const database = new DatabaseSync(join(folder, 'beaconry.db'));
    const rows = [
      { ...times, driver: aino.driver },
      { ...times, driver: 'A former name', driverId: aino.driverId },
      { ...times, driver: second.driver, driverId: second.driverId },
    ];
    database
      .prepare("INSERT INTO entry VALUES ('rally', 'history/0000000000', ?, NULL)")
      .run(JSON.stringify({ ...rally, standings: rows }));
    database.close();

    test = await start();
    const said = await forget(aino.driverId);
    expect(said).contain('took the name from 1 results, and from car 1');
    await forget(second.codriverId);
    const check = async () => {
      const { items } = await json('/v1/rally/entries');
      expect(items[0]).include({ driver: 'anonymous', driverId: '0', codriver: 'Greta Marsh' });
      expect(items[1]).include({ driver: second.driver, codriver: 'anonymous', codriverId: '0' });
      const [past] = (await json('/v1/rally/history')).items;
      expect(past.standings).deep.equal([
        { ...times, driver: 'anonymous' },
        { ...times, driver: 'anonymous' },
        { ...times, driver: second.driver },
      ]);
      expect((await json('/v1/rally/standings')).items[0].driver).equal('anonymous');
    };
    await check();
    await fixture.stop();
    test = await start();
    await check();
    // Another list is the word of the operator.
    await fixture.stop();
    const text = readFileSync(list, 'utf8');
    writeFileSync(list, text.replace('"number": 1,', '"number": 101,'));
    test = await start();
    const { items } = await json('/v1/rally/entries');
    expect(items.map((entry: { driver: string }) => entry.driver)).contain(aino.driver);
  });

  it('by an address is in no list, history or entry of the store any more; a ban stays and is told', async () => {
    await live();
    for (const host of [address, '192.0.2.77']) register(`${host}:27015`);
    expect(test.get(Registrations).size).equal(2);
    await test.server.audit.write({ by: `admin at ${address}`, source: 'http' }, { did: 'x' });
    const said = await forget(address);
    expect(said).contain('master: removed 1 servers');
    expect(said).contain('audit: blanked in 1 entries');
    const left = test
      .get(Registrations)
      .list('')
      .map((one) => one.address.toString());
    expect(left).deep.equal(['192.0.2.77:27015']);
    await test.command('ban-add', { subject: address, reason: 'x' });
    expect(await forget(address)).contain('bans: kept 1 bans');
    await test.command('forget', { subject: steamId });
    const rows = await stored();
    expect(withText(rows, `"${address}"`, `${address}:`, ` ${address}`)).deep.equal([]);
    expect(withText(rows, address)).have.length(1);
  });

  it('by an account of a lobby takes chat, conversations and names along; matches stay for the others', async () => {
    const [ann, bob] = [await fixture.player('Annette'), await fixture.player('Bobby')];
    const say = async (from: typeof ann, messageText: string, channelType: 'global' | 'player') => {
      const channelName =
        channelType === 'global' ? 'english' : from === ann ? bob.accountID : ann.accountID;
      from.send({ type: 'sendChatMessage', messageText, channelType, channelName });
      await (from === ann ? bob : ann).hears(
        'chatMessage',
        (one) => one.messageText === messageText,
      );
    };
    await say(ann, 'I am Annette', 'global');
    await say(bob, 'hello all', 'global');
    await say(ann, 'psst', 'player');
    await say(bob, 'yes?', 'player');
    const { roomID, server } = await fixture.room(ann);
    await fixture.joinByProxy(bob, ann, roomID, server);
    server.send({ type: 'gameStarted' });
    server.socket.end();
    await bob.hears('matchesHistory');

    expect(await forget('account:aNNette')).equal(
      'vcmi-lobby-json: removed the account, 3 lines of chat, its name in 1 matches',
    );
    await ann.isClosed();
    expect(await forget(`account:${ann.accountID}`)).equal('nothing was kept');
    bob.send({ type: 'requestChatHistory', channelType: 'global', channelName: 'english' });
    const { messages } = await bob.hears('chatHistory', (one) => one.channelName === 'english');
    expect(messages.map(({ messageText }) => messageText)).deep.equal(['hello all']);
    expect(JSON.stringify(await json('/api/v1/rooms'))).not.contain('Annette');
    const again = await fixture.open();
    again.send({
      ...{ type: 'clientLogin', accountID: ann.accountID, accountCookie: ann.cookie },
      ...{ language: 'english', version: '1.7.4' },
    });
    expect(await again.fails()).contain('not');
    const { names } = test.get(VcmiLobbies);
    const refused = (name: string) => names.refusal(name, '192.0.2.1', test.clock.monotonic());
    expect(refused('Annette')).equal(undefined);
    // Names of guests are held for the address they came from.
    names.take('Guest');
    names.release('Guest', '127.0.0.1', test.clock.monotonic());
    expect(refused('Guest')).equal('held');
    expect(await forget('127.0.0.1')).contain('vcmi-lobby: gave free 1 names that were held');
    expect(refused('Guest')).equal(undefined);

    const rows = await stored();
    expect(withText(rows, ann.accountID, 'I am', 'psst', 'yes?')).deep.equal([]);
    const match = rows.find(({ key }) => key === `closed/${roomID}`)?.value ?? '{}';
    expect(JSON.parse(match).participants).deep.equal([
      { accountID: '', displayName: 'forgotten' },
      { accountID: bob.accountID, displayName: 'Bobby' },
    ]);
  });
});
