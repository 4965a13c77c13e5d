import type { Json } from 'beaconry';
import type { LinkEvents, ServerLogon } from 'beaconry/plugins/steam-backend';
import { expect } from 'chai';
import { APP, SteamWorld } from './steam-world.js';

const wrongKey = '0'.repeat(64);

describe('logons that somebody tries to abuse', () => {
  let world: SteamWorld;
  const lost: number[] = [];
  const events: LinkEvents = {
    verdict: () => {},
    licences: () => {},
    lost: (result) => lost.push(result),
  };
  const serverEvents = { ...events, policy: () => {}, outOfDate: () => {} };
  const begin = async (...options: Parameters<typeof SteamWorld.start>) => {
    lost.length = 0;
    world = await SteamWorld.start(...options);
  };
  afterEach(() => world.close());

  const logOn = (accountKey: string, address: string) =>
    world.backend.logOnPlayer({ credential: { accountKey }, address }, events);
  const resultOf = async (accountKey: string, address: string): Promise<number> => {
    const answer = await logOn(accountKey, address);
    return answer.ok ? 1 : answer.result;
  };
  const serverLogon = (token: string | null, resume?: ServerLogon['resume']): ServerLogon => ({
    ...{ token, appId: APP, product: 'x', version: '1', mode: 3, address: '127.0.0.1' },
    ...{ gamePort: 1, queryPort: 2 },
    ...(resume === undefined ? {} : { resume }),
  });

  it('wrong keys are counted by the /64 of an IPv6 address', async () => {
    await begin();
    const { accountKey } = await world.administration.createAccount();
    for (let i = 1; i <= 10; i++) {
      expect(await resultOf(wrongKey, `2001:db8:1:2::${i.toString(16)}`)).to.equal(5);
    }
    expect(await resultOf(accountKey, '2001:db8:1:2:ffff::1')).to.equal(84);
    expect(await resultOf(accountKey, '2001:db8:1:3::1')).to.equal(1);
  });

  it('wrong keys are counted for an IPv4 address in either way of writing it', async () => {
    await begin();
    const { accountKey } = await world.administration.createAccount();
    for (let i = 0; i < 10; i++) await resultOf(wrongKey, '203.0.113.7');
    expect(await resultOf(accountKey, '::ffff:203.0.113.7')).to.equal(84);
  });

  it('a hundred guesses at once are ten guesses: the right key among the others is refused', async () => {
    await begin();
    const { accountKey } = await world.administration.createAccount();
    const keys = [...Array.from({ length: 99 }, () => wrongKey), accountKey];
    const results = await Promise.all(keys.map((key) => resultOf(key, '203.0.113.8')));
    expect(results.filter((result) => result === 5)).to.have.length(10);
    expect(results.at(-1)).to.equal(84);
  });

  it('wrong secrets for a connection count as wrong keys, for servers too', async () => {
    await begin();
    const answer = await world.backend.logOnServer(serverLogon(null), serverEvents);
    if (!answer.ok) throw new Error('refused');
    const { connection } = answer.link.resume;
    for (let i = 0; i < 10; i++) {
      const logon = serverLogon(null, { connection, secret: 'guessed' });
      await world.backend.logOnServer(logon, serverEvents);
    }
    const again = await world.backend.logOnServer(serverLogon(null), serverEvents);
    expect(again).to.eql({ ok: false, result: 84, retrying: true });
  });

  it('a server whose token is banned does not come back without it', async () => {
    await begin();
    const token = await world.token();
    const answer = await world.backend.logOnServer(serverLogon(token), serverEvents);
    if (!answer.ok) throw new Error('refused');
    const { steamId, resume } = answer.link;
    await world.administration.setServerBan(steamId, null);
    expect(await world.backend.logOnServer(serverLogon(token, resume), serverEvents)).to.include({
      result: 102,
    });
    const anonymous = await world.backend.logOnServer(serverLogon(null, resume), serverEvents);
    expect(anonymous.ok && anonymous.link.steamId).not.to.equal(steamId);
    expect(anonymous.ok && anonymous.link.anonymous).to.equal(true);
  });

  it('of two logons at once one stays, and the other hears that it was replaced', async () => {
    await begin();
    const { steamId, accountKey } = await world.administration.createAccount();
    const answers = await Promise.all([
      logOn(accountKey, '127.0.0.1'),
      logOn(accountKey, '127.0.0.1'),
    ]);
    await world.settle();
    expect(answers.map(({ ok }) => ok)).to.eql([true, true]);
    expect(lost).to.eql([34]);
    expect(await world.backend.tables.connections.count()).to.equal(1);
    const [connection] = await world.backend.tables.connections.all();
    expect(await world.backend.connections.current(steamId)).to.equal(connection?.[0]);
  });

  it('a locked account is logged off at once, and whoever plays with it gets 1', async () => {
    await begin();
    const game = await world.serverOn();
    const { client } = await world.player();
    const { steamId } = client;
    game.server.beginAuthSession(await world.ticket(client), steamId);
    expect(await game.verdicts()).to.eql([[0, steamId]]);
    await world.administration.changeAccount(steamId, { locked: true });
    expect(await game.verdicts()).to.eql([[1, steamId]]);
    expect(client.loggedOn).to.equal(false);
  });

  it('accounts: open makes none for other machines, unless that is wanted in words', async () => {
    await begin({ accounts: 'open' });
    expect(await world.backend.createAccount('203.0.113.9', '')).to.eql({ result: 15 });
    expect((await world.backend.createAccount('::ffff:127.0.0.1', '')).result).to.equal(1);
    expect((await world.backend.createAccount('::1', '')).result).to.equal(1);
  });

  it('a server verifies tickets of its own app only', async () => {
    await begin();
    const { client } = await world.player([APP, 570]);
    const bytes = await world.ticket(client, 570);
    const answer = await world.backend.logOnServer(serverLogon(await world.token()), serverEvents);
    if (!answer.ok) throw new Error('refused');
    const authPart = Buffer.from(bytes.subarray(0, 52));
    const verdict = await answer.link.beginSession({
      ...{ steamId: client.steamId, session: 's', appId: 570, response: null },
      ...{ authPart: authPart.toString('hex'), token: authPart.readBigUInt64LE(4) },
    });
    expect(verdict.response).to.equal(8);
  });

  it('a store that fails when a grace time ends crashes nothing, and is asked again', async () => {
    await begin();
    const game = await world.serverOn();
    const { client } = await world.player();
    const { steamId } = client;
    game.server.beginAuthSession(await world.ticket(client), steamId);
    await game.pump();
    const { sessions } = world.backend.tables;
    const real = sessions.get.bind(sessions);
    let failures = 0;
    sessions.get = (key) => {
      failures++;
      return Promise.reject<Json>(new Error(`no ${key}: the disk is full`)) as never;
    };
    client.close();
    expect(await game.verdicts(15_000)).to.eql([]);
    expect(failures).to.be.greaterThan(0);
    sessions.get = real;
    expect(await game.verdicts(10_000)).to.eql([[1, steamId]]);
  });

  it('a ban reaches whoever another node approves at the same moment', async () => {
    await begin();
    const { backend: other } = await world.join('other');
    const game = world.server({ backend: other });
    game.init();
    game.server.logOn(await world.token());
    await game.pump();
    const { client } = await world.player();
    const { steamId } = client;
    const ticket = await world.ticket(client);
    const real = other.storedBans.list.bind(other.storedBans);
    let goOn = () => {};
    other.storedBans.list = async (id) => {
      const known = await real(id);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return known;
    };
    game.server.beginAuthSession(ticket, steamId);
    await game.pump();
    await world.administration.ban({ steamId, appId: APP, kind: 'vac', by: 't', reason: '' });
    goOn();
    expect(await game.verdicts()).to.eql([[0, steamId]]);
    expect(await game.verdicts(5_000)).to.eql([[3, steamId]]);
    other.close();
  });

  it('nobody makes the backend sign without end', async () => {
    await begin();
    const { accountKey } = await world.administration.createAccount();
    const answer = await logOn(accountKey, '127.0.0.1');
    if (!answer.ok) throw new Error('refused');
    const results: number[] = [];
    for (let app = 1; app <= 100; app++) results.push((await answer.link.ownership(app)).result);
    expect(results.filter((result) => result === 1)).to.have.length(60);
    expect(results.at(-1)).to.equal(25);
  });

  it('anonymous servers leave no record of their reputation', async () => {
    await begin();
    await world.administration.requireVersion(APP, 'x', { version: '2', reject: false, text: '' });
    const answer = await world.backend.logOnServer(serverLogon(null), serverEvents);
    if (!answer.ok) throw new Error('refused');
    await answer.link.report({ version: '1', product: 'x', players: 0, advertised: true });
    expect(await world.backend.tables.reputation.count()).to.equal(0);
  });
});
