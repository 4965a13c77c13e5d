import { encodeQuery } from 'beaconry/a2s-query';
import { expect } from 'chai';
import { APP, type CallOptions, WebWorld } from './web-world.js';

const SELF = '/v1/gameservers/self';

describe('a game server over HTTP', () => {
  let world: WebWorld;
  before(async () => {
    world = await WebWorld.start({ maxServersPerAddress: 200 });
  });
  after(() => world.stop());

  const of = (bearer: string) => ({
    get: (path = '') => world.call('GET', SELF + path, { bearer }),
    send: (method: string, path: string, body?: unknown) =>
      world.call(method, SELF + path, { bearer, body } as CallOptions),
  });

  it('is made by init, with a handle as its secret', async () => {
    const body = { appId: APP, version: '1.0.0.0', gamePort: 27015, queryPort: 27016 };
    const made = await world.call('POST', '/v1/gameservers', { body });
    expect(made.status).equal(201);
    expect(made.body).property('expiresIn', 120);
    expect(made.body.handle).match(/^[\w-]{43}$/);
    const state = await of(made.body.handle).get();
    expect(state.body).include({ state: 'ready', loggedOn: false, steamId: '0', appId: APP });
    expect(state.headers.get('cache-control')).equal('no-store');
    expect(state.headers.get('etag')).match(/^"/);
  });

  it('refuses values that Steam refuses', async () => {
    const body = { appId: APP, version: '1', gamePort: 27015, queryPort: 27015 };
    const made = await world.call('POST', '/v1/gameservers', { body });
    expect([made.status, made.body.error.code]).deep.equal([400, 'INIT_REFUSED']);
    const unknown = await world.call('POST', '/v1/gameservers', {
      body: { ...body, queryPort: 1, colour: 'red' },
    });
    expect([unknown.status, unknown.body.error.code]).deep.equal([400, 'INVALID_REQUEST']);
  });

  it('takes many settings at once and shows them', async () => {
    const server = of(await world.gameServer({ on: false }));
    const settings = {
      name: 'Dünen',
      map: 'sand',
      maxPlayers: 16,
      bots: 2,
      password: true,
      tags: ['race', 'night'],
      gameData: 'x:1',
      region: 'Europe',
      spectatorPort: 27020,
      spectatorName: 'tv',
      description: 'Race',
      product: 'race',
      modDir: 'race',
      dedicated: true,
      heartbeatInterval: 5000,
    };
    const set = await server.send('PATCH', '', settings);
    expect(set.status).equal(200);
    expect(set.body).deep.include({ ...settings, region: '3' });
  });

  it('changes nothing when one of the settings may not change any more', async () => {
    const server = of(await world.gameServer());
    const set = await server.send('PATCH', '', { name: 'new', product: 'late' });
    expect([set.status, set.body.error.code]).deep.equal([409, 'FROZEN']);
    expect(set.body.error.details.fields).deep.equal(['product']);
    expect((await server.get()).body.name).equal('');
  });

  it('logs on with a token, off, and anonymously', async () => {
    const server = of(await world.gameServer({ on: false }));
    const token = await world.loginToken();
    const on = await server.send('POST', '/logon', { token });
    expect(on.body).include({ state: 'on', loggedOn: true, logonResult: 1, secure: true });
    expect(on.body.publicIp).equal('127.0.0.1');
    expect((await server.get('/public-ip')).body).include({ ipv4: 0x7f000001, type: 0 });
    const again = await server.send('POST', '/logon', {});
    expect([again.status, again.body.error.code]).deep.equal([409, 'NOT_LOGGED_OFF']);
    expect((await server.send('POST', '/logoff')).body.state).equal('off');
    const anonymous = await server.send('POST', '/logon', {});
    expect(anonymous.body.steamId).not.equal(on.body.steamId);
    const wrong = of(await world.gameServer({ on: false }));
    const refused = await wrong.send('POST', '/logon', { token: '0'.repeat(32) });
    expect(refused.body).include({ state: 'ready', logonResult: 5 });
  });

  it('keeps rules', async () => {
    const server = of(await world.gameServer({ on: false }));
    await server.send('PUT', '/rules', { a: '1', b: '2' });
    expect((await server.send('PATCH', '/rules', { b: '3', c: '4' })).body).deep.equal({
      ...{ a: '1', b: '3', c: '4' },
    });
    expect((await server.get('/rules')).body).deep.equal({ a: '1', b: '3', c: '4' });
    expect((await server.send('DELETE', '/rules')).status).equal(204);
    expect((await server.get('/rules')).body).deep.equal({});
    const many = Object.fromEntries(Array.from({ length: 512 }, (_, i) => [`k${i}`, 'x']));
    await server.send('PUT', '/rules', many);
    const over = await server.send('PATCH', '/rules', { onemore: '1' });
    expect([over.status, over.body.error.code]).deep.equal([409, 'TOO_MANY_RULES']);
  });

  it('begins a session, waits for the verdict, shows the player, and ends it', async () => {
    const server = of(await world.gameServer());
    const player = await world.player();
    const { ticket } = await world.ticket(player.token);
    const { steamId } = player;
    const begun = await server.send('POST', '/sessions', { ticket, steamId, wait: 5 });
    expect(begun.body).deep.equal({
      beginResult: 0,
      verdict: { response: 0, ownerId: steamId },
    });
    expect((await server.send('PATCH', `/sessions/${steamId}`, { name: 'Ann' })).status).equal(204);
    expect((await server.send('PATCH', `/sessions/${steamId}`, { score: 7 })).status).equal(204);
    const listed = await server.get('/sessions');
    expect(listed.body.items[0]).include({ steamId, state: 'valid', name: 'Ann', score: 7 });
    const licence = await server.get(`/sessions/${steamId}/licences/${APP}`);
    expect(licence.body).deep.equal({ result: 0 });
    const sessions = await world.admin('GET', '/sessions');
    expect(sessions.body.items.some((one: { steamId: string }) => one.steamId === steamId)).equal(
      true,
    );
    expect((await server.send('DELETE', `/sessions/${steamId}`)).status).equal(204);
    expect((await server.get('/sessions')).body.items).deep.equal([]);
    expect((await server.send('PATCH', `/sessions/${steamId}`, { score: 1 })).status).equal(404);
    const hex = Buffer.from(ticket, 'base64').toString('hex');
    const replay = await server.send('POST', '/sessions', { ticket: hex, steamId, wait: 5 });
    expect(replay.body.verdict.response).equal(7);
  });

  it('answers with the begin result of a bad ticket', async () => {
    const server = of(await world.gameServer());
    const { steamId } = await world.player();
    const begun = await server.send('POST', '/sessions', { ticket: 'AAAA', steamId });
    expect(begun.body).deep.equal({ beginResult: 1 });
    const noId = await server.send('POST', '/sessions', { ticket: 'AAAA', steamId: 'Ann' });
    expect([noId.status, noId.body.error.code]).deep.equal([400, 'NOT_A_STEAMID']);
    const noBytes = await server.send('POST', '/sessions', { ticket: '*', steamId });
    expect([noBytes.status, noBytes.body.error.code]).deep.equal([400, 'NOT_BYTES']);
  });

  it('asks about groups, clan and compatibility', async () => {
    const server = of(await world.gameServer());
    const { steamId } = await world.player();
    const group = await world.administration.createGroup('drivers');
    const member = { steamId: BigInt(steamId), relationship: 3, rank: 2 };
    await world.administration.setMember(group, member);
    const status = await server.get(`/groups/${group}/members/${steamId}`);
    expect(status.body).deep.equal({ member: true, officer: true });
    expect((await server.send('PUT', '/clan', { clanId: `${group}` })).body).deep.equal({
      result: 1,
    });
    expect((await server.send('DELETE', '/clan')).body).deep.equal({ result: 1 });
    const compatibility = await server.get(`/compatibility/${steamId}`);
    expect(compatibility.body).include({ result: 1, playersDontLikeCandidate: 0 });
  });

  it('issues and cancels tickets of its own', async () => {
    const server = of(await world.gameServer());
    const made = await server.send('POST', '/tickets', {});
    expect(made.status).equal(201);
    expect(Buffer.from(made.body.ticket, 'base64')).to.have.length.greaterThan(200);
    expect((await server.send('DELETE', `/tickets/${made.body.handle}`)).status).equal(204);
    const off = of(await world.gameServer({ on: false }));
    const refused = await off.send('POST', '/tickets', {});
    expect([refused.status, refused.body.error.code]).deep.equal([409, 'NOT_LOGGED_ON']);
  });

  it('gives signals to whoever polls, each once and in order', async () => {
    const server = of(await world.gameServer());
    const first = await server.get('/signals?after=0');
    const names = first.body.items.map((one: { signal: string }) => one.signal);
    expect(names).deep.equal(['server_connected', 'policy_response']);
    expect(first.body).include({ next: 2, lost: 0 });
    const later = server.get('/signals?after=2&wait=5');
    await server.send('POST', '/logoff');
    expect((await later).body.items).deep.equal([
      { seq: 3, signal: 'server_disconnected', data: { result: 1 } },
    ]);
    expect((await server.get('/signals?after=3&wait=0.05')).body.items).deep.equal([]);
  });

  it('answers A2S through the socket of the game', async () => {
    const server = of(await world.gameServer({ queryPort: 65535 }));
    await server.send('PATCH', '', { name: 'shared', advertise: true });
    const packet = (bytes: Uint8Array) => ({
      ...{ data: Buffer.from(bytes).toString('base64'), ip: '10.1.2.4', port: 27005 },
    });
    const asked = await server.send('POST', '/packets', {
      packets: [packet(encodeQuery('info', null)), packet(Buffer.from('ffffffff67657463', 'hex'))],
    });
    expect(asked.body.handled).deep.equal([true, false]);
    expect(asked.body.outgoing).have.length(1);
    expect(asked.body.outgoing[0]).include({ ip: '10.1.2.4', port: 27005 });
    const challenge = Buffer.from(asked.body.outgoing[0].data, 'base64');
    expect(challenge).have.length(9);
    const question = encodeQuery('info', challenge.readUInt32LE(5));
    const told = await server.send('POST', '/packets', { packets: [packet(question)] });
    const info = Buffer.from(told.body.outgoing[0].data, 'base64');
    expect(info.toString('latin1')).contain('shared');
    expect((await server.get('/packets')).body).deep.equal({ outgoing: [] });
  });

  it('is listed while it advertises, and never before', async () => {
    const handle = await world.gameServer({ queryPort: 28_001 });
    const server = of(handle);
    const find = async () => {
      const { body } = await world.call('GET', '/v1/servers');
      return body.items.find((one: { queryPort: number }) => one.queryPort === 28_001);
    };
    await server.send('PATCH', '', { name: 'listed', map: 'm1' });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await find()).equal(undefined);
    await server.send('PATCH', '', { advertise: true });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await find()).include({ name: 'listed', map: 'm1', source: 'master', appId: APP });
    expect((await server.send('DELETE', '')).status).equal(204);
    expect(await find()).equal(undefined);
    expect((await server.get()).status).equal(401);
  });

  it('keeps challenges of its own, which are worth nothing at another server', async () => {
    const servers = await Promise.all(
      [1, 2].map(async () => of(await world.gameServer({ queryPort: 65535 }))),
    );
    const challenges = await Promise.all(
      servers.map(async (server) => {
        await server.send('PATCH', '', { name: 'shared', advertise: true });
        const data = Buffer.from(encodeQuery('info', null)).toString('base64');
        const packets = [{ data, ip: '10.1.2.4', port: 27005 }];
        const { body } = await server.send('POST', '/packets', { packets });
        return Buffer.from(body.outgoing.at(-1).data, 'base64').readUInt32LE(5);
      }),
    );
    expect(challenges[0]).not.equal(challenges[1]);
  });

  it('says what keeps players away', async () => {
    const server = of(await world.gameServer({ on: false }));
    const { body } = await server.get('/diagnosis');
    expect(body.items.map((one: { code: string }) => one.code)).contain('NOT_LOGGED_ON');
  });
});
