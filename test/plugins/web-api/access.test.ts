import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { APP, PUBLISHER_KEY, WebWorld } from './web-world.js';

describe('access to the web API', () => {
  let world: WebWorld;
  before(async () => {
    world = await WebWorld.start();
  });
  after(() => world.stop());

  /** A raw request, so that its headers are exactly these; the status line of the answer. */
  const raw = async (text: string): Promise<string> => {
    const { port } = world.server.address('http');
    const socket = connect(port, '127.0.0.1');
    socket.write(text);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return answer.toString().split('\r\n', 1)[0] as string;
  };
  const init = JSON.stringify({ appId: APP, version: '1', gamePort: 1, queryPort: 2 });
  const post = (headers: string, type = 'application/json') =>
    raw(
      `POST /v1/gameservers HTTP/1.1\r\n${headers}content-type: ${type}\r\ncontent-length: ${init.length}\r\n\r\n${init}`,
    );

  it('refuses a rebound name with 421', async () => {
    expect(await post('host: evil.example\r\n')).equal('HTTP/1.1 421 Misdirected Request');
    const forged = 'host: evil.example\r\nx-forwarded-host: localhost\r\n';
    expect(await post(forged)).contain(' 421 ');
  });

  it('refuses a foreign origin with 403, and a cross-site POST with it', async () => {
    const foreign = 'host: localhost\r\norigin: https://evil.example\r\n';
    expect(await post(foreign)).equal('HTTP/1.1 403 Forbidden');
    expect(await post('host: localhost\r\norigin: null\r\n')).contain(' 403 ');
    expect(await post('host: localhost\r\norigin: https://friends.example\r\n')).contain(' 201 ');
  });

  it('takes no form and no plain text, which pages could send without asking', async () => {
    const form = 'application/x-www-form-urlencoded';
    expect(await post('host: localhost\r\n', form)).contain(' 415 ');
    expect(await post('host: localhost\r\n', 'text/plain')).contain(' 415 ');
  });

  it('says what is wrong with a request in words that help, and repeats little of it', async () => {
    const say = async (body: unknown) =>
      (await world.call('POST', '/v1/gameservers', { body })).body.error.message;
    const init = { appId: APP, version: '1', gamePort: 1, queryPort: 2 };
    expect(await say({ ...init, gameport: 3 })).equal('body has no field gameport');
    expect(await say({ ...init, ['x'.repeat(9000)]: 3 })).have.length.lessThan(300);
    const headers = { 'content-type': 'application/json' };
    const answer = await world.call('POST', '/v1/gameservers', { headers });
    expect(answer.status).equal(400);
    const empty = await world.call('POST', '/v1/gameservers');
    expect(empty.body.error.message).contain('content-type: application/json');
  });

  it('answers 413 to a body that is too large', async () => {
    const { status, body } = await world.call('POST', '/v1/logon', {
      body: { accountKey: 'x'.repeat(1024 * 1024), appId: APP },
    });
    expect([status, body.error.code]).deep.equal([413, 'BODY_TOO_LARGE']);
  });

  it('answers 401 without a credential and with a wrong one, in one shape', async () => {
    for (const path of ['/v1/gameservers/self', '/v1/gameservers/self/signals']) {
      for (const bearer of [undefined, 'wrong']) {
        const answer = await world.call('GET', path, { bearer });
        expect([answer.status, answer.body.error.code]).deep.equal([401, 'UNAUTHENTICATED']);
        expect(answer.headers.get('www-authenticate')).contain('Bearer');
      }
    }
    const ticket = await world.call('POST', '/v1/tickets', { bearer: 'x', body: { appId: APP } });
    expect(ticket.status).equal(401);
  });

  it('keeps the kinds of credential apart', async () => {
    const { token } = await world.player();
    const handle = await world.gameServer({ on: false });
    expect((await world.call('GET', '/v1/gameservers/self', { bearer: token })).status).equal(401);
    const body = { appId: APP };
    expect((await world.call('POST', '/v1/tickets', { bearer: handle, body })).status).equal(401);
    expect((await world.call('GET', '/v1/admin/accounts', { bearer: handle })).status).equal(403);
    expect((await world.call('GET', '/v1/admin/accounts', { bearer: token })).status).equal(403);
    expect((await world.call('GET', '/v1/admin/accounts')).status).equal(401);
  });

  it('gives a key what its scope allows', async () => {
    const key = async (scope: string) => (await world.admin('POST', '/keys', { scope })).body.key;
    const [read, server, admin] = [await key('read'), await key('server'), await key('admin')];
    const statuses = async (bearer: string) => [
      (await world.call('GET', '/v1/admin/accounts', { bearer })).status,
      (await world.call('POST', '/v1/admin/tokens', { bearer, body: { appId: APP } })).status,
      (await world.call('POST', '/v1/admin/accounts', { bearer, body: {} })).status,
    ];
    expect(await statuses(read)).deep.equal([200, 403, 403]);
    expect(await statuses(server)).deep.equal([200, 201, 403]);
    expect(await statuses(admin)).deep.equal([200, 201, 201]);
    expect(await statuses(PUBLISHER_KEY)).deep.equal([200, 201, 403]);
    const refused = await world.call('POST', '/v1/admin/accounts', { bearer: read, body: {} });
    expect(refused.body.error).deep.include({
      code: 'SCOPE',
      details: { has: 'read', needs: 'admin' },
    });
  });

  it('serves management on the admin endpoint alone', async () => {
    for (const path of ['/v1/admin/accounts', '/v1/admin/keys', '/docs', '/openapi.json']) {
      const answer = await fetch(world.url + path, {
        headers: { authorization: `Bearer ${world.adminToken}` },
      });
      expect(answer.status, path).equal(404);
    }
  });

  it('limits the game servers of one address, and gives the place back', async () => {
    const small = await WebWorld.start({ maxServersPerAddress: 2 });
    try {
      const handle = await small.gameServer({ on: false });
      await small.gameServer({ on: false });
      const body = JSON.parse(init);
      const third = await small.call('POST', '/v1/gameservers', { body });
      expect([third.status, third.body.error.code]).deep.equal([429, 'TOO_MANY_OF_ADDRESS']);
      await small.call('DELETE', '/v1/gameservers/self', { bearer: handle });
      expect((await small.call('POST', '/v1/gameservers', { body })).status).equal(201);
    } finally {
      await small.stop();
    }
  });

  it('limits calls of one address with 429 and Retry-After', async () => {
    const small = await WebWorld.start({ callsPerSecond: 5 });
    try {
      const bearer = await small.gameServer({ on: false });
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => small.call('GET', '/v1/gameservers/self', { bearer })),
      );
      const refused = answers.find(({ status }) => status === 429);
      expect(refused?.headers.get('retry-after')).equal('1');
      expect(refused?.body.error.code).equal('RATE_LIMITED');
    } finally {
      await small.stop();
    }
  });

  it('writes no credential to logs, and none to errors', async () => {
    const { token, accountKey } = await world.player();
    const handle = await world.gameServer();
    const secrets = [token, accountKey, handle, world.adminToken, PUBLISHER_KEY];
    const answers: string[] = [];
    for (const secret of secrets) {
      for (const path of [
        `/nowhere?key=${secret}`,
        `/IGameServersService/QueryLoginToken/v1/?key=wrong-key-wrong&login_token=${secret}`,
        '/v1/gameservers/self/nowhere',
        `/%zz?key=${secret}`,
      ]) {
        answers.push(JSON.stringify((await world.call('GET', path, { bearer: secret })).body));
      }
      const body = { accountKey: secret, appId: APP };
      answers.push(JSON.stringify((await world.call('POST', '/v1/logon', { body })).body.error));
    }
    const log = world.log.join('');
    expect(log).have.length.greaterThan(0);
    for (const secret of secrets) {
      expect(log.includes(secret)).equal(false);
      expect(answers.join('').includes(secret)).equal(false);
    }
  });
});
