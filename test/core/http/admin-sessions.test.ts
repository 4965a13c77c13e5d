import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { adminGuard, tokenCheck } from '../../../core/http/admin-auth.js';
import { AdminSessions } from '../../../core/http/admin-sessions.js';
import { HttpEndpoint } from '../../../core/http/http-endpoint.js';
import { silentLog } from '../store/silent-log.js';

const TOKEN = 'right';
const HOUR = 3_600_000;

describe('login of the operator', () => {
  let clock: FakeClock;
  let endpoint: HttpEndpoint;
  beforeEach(async () => {
    clock = new FakeClock();
    const sessions = new AdminSessions(clock);
    const isToken = tokenCheck(TOKEN);
    endpoint = new HttpEndpoint({
      name: 'admin',
      binds: [],
      log: silentLog,
      trustedProxies: [],
      hosts: [],
      origins: [],
    });
    endpoint.useAdmin(adminGuard(isToken, sessions));
    endpoint.add('core', sessions.routes(isToken, false), '/v1/admin');
    endpoint.add(
      'other',
      (scope) => {
        scope.addHook('onRequest', scope.requireAdmin);
        scope.get('/thing', () => 'read');
        scope.post('/thing', () => 'written');
      },
      '',
    );
    await endpoint.build();
  });
  afterEach(() => endpoint.close(0));

  const login = async (token = TOKEN) => {
    const answer = await endpoint.inject({
      method: 'POST',
      url: '/v1/admin/session',
      payload: { token },
    });
    const cookie = String(answer.headers['set-cookie'] ?? '').split(';', 1)[0] ?? '';
    return { answer, cookie, csrf: answer.json().csrf as string };
  };
  const ask = (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    headers: Record<string, string> = {},
  ) => endpoint.inject({ method, url, headers });

  it('gives a cookie that scripts cannot read and other sites cannot send', async () => {
    const { answer } = await login();
    expect(answer.headers['set-cookie']).to.match(
      /^beaconry_admin=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(answer.body).to.not.include(TOKEN);
  });

  it('reads with the cookie alone and writes with the CSRF header too', async () => {
    const { cookie, csrf } = await login();
    expect((await ask('GET', '/thing', { cookie })).body).to.equal('read');
    const without = await ask('POST', '/thing', { cookie });
    expect([without.statusCode, without.json().error.code]).to.deep.equal([403, 'NO_CSRF_TOKEN']);
    const wrong = await ask('POST', '/thing', { cookie, 'x-csrf-token': 'guess' });
    expect(wrong.statusCode).to.equal(403);
    expect((await ask('POST', '/thing', { cookie, 'x-csrf-token': csrf })).body).to.equal(
      'written',
    );
  });

  it('goes on after a reload of the page and ends after 12 hours', async () => {
    const { cookie, csrf } = await login();
    await clock.advance(11 * HOUR);
    expect((await ask('GET', '/v1/admin/session', { cookie })).json()).to.deep.equal({
      csrf,
      expiresIn: 3600,
    });
    await clock.advance(HOUR);
    expect((await ask('GET', '/v1/admin/session', { cookie })).statusCode).to.equal(401);
    expect((await ask('GET', '/thing', { cookie })).statusCode).to.equal(401);
  });

  it('ends at once when the operator logs out', async () => {
    const { cookie, csrf } = await login();
    expect((await ask('DELETE', '/v1/admin/session', { cookie })).statusCode).to.equal(403);
    const out = await ask('DELETE', '/v1/admin/session', { cookie, 'x-csrf-token': csrf });
    expect(out.statusCode).to.equal(204);
    expect((await ask('GET', '/thing', { cookie })).statusCode).to.equal(401);
  });

  it('refuses a wrong token, and after ten of them asks to wait', async () => {
    const codes: number[] = [];
    for (let i = 0; i < 11; i++) codes.push((await login('wrong')).answer.statusCode);
    expect(codes).to.deep.equal([...Array(10).fill(403), 429]);
    expect((await login()).answer.statusCode).to.equal(200);
  });

  it('still takes the token itself, which a cookie never weakens', async () => {
    const { cookie } = await login();
    const bearer = { authorization: `Bearer ${TOKEN}` };
    expect((await ask('POST', '/thing', bearer)).body).to.equal('written');
    const wrong = await ask('GET', '/thing', { cookie, authorization: 'Bearer wrong' });
    expect(wrong.statusCode).to.equal(403);
  });
});
