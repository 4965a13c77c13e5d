import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import sinon from 'sinon';
import { addCoreRoutes } from '../../../core/http/core-routes.js';
import { HttpEndpoint } from '../../../core/http/http-endpoint.js';
import { MetricsRegistry } from '../../../core/metrics.js';
import { silentLog } from '../store/silent-log.js';

describe('core routes', () => {
  let data: string;
  let problems: string[];
  let limits: string[];
  const clock = new FakeClock();
  const log = { ...silentLog, info: sinon.spy() };
  const start = async (management: { token?: string; tokenFile?: string } = {}) => {
    const make = (name: string) =>
      new HttpEndpoint({ name, binds: [], log, trustedProxies: [], hosts: [], origins: [] });
    const endpoints = { http: make('http'), admin: make('admin') };
    const metrics = new MetricsRegistry();
    metrics.prefixed('a2s').counter('queries_total', 'Queries.').value = 7;
    addCoreRoutes(new Map(Object.entries(endpoints)), {
      config: { management: { token: null, tokenFile: null, ...management } },
      metrics,
      log,
      clock,
      data,
      problems: () => problems,
      limits: () => limits,
      drivers: () => ({ game: 'dgram' }),
    });
    endpoints.http.add(
      'plugin',
      (scope) => {
        scope.get('/v1/secret', { onRequest: scope.requireAdmin }, () => 'for the admin');
      },
      '',
    );
    for (const endpoint of Object.values(endpoints)) await endpoint.build();
    return endpoints;
  };
  const ask = async (endpoint: HttpEndpoint, url: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return endpoint.inject({ url, headers });
  };

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'beaconry-http-'));
    problems = [];
    limits = [];
    log.info.resetHistory();
  });
  afterEach(() => rmSync(data, { recursive: true }));

  it('say on every endpoint that the process lives, and whether it can serve', async () => {
    const { http, admin } = await start();
    for (const endpoint of [http, admin]) {
      expect((await ask(endpoint, '/healthz')).json()).to.deep.equal({ status: 'alive' });
      expect((await ask(endpoint, '/readyz')).json()).to.deep.equal({
        ready: true,
        reasons: [],
        drivers: { game: 'dgram' },
      });
    }
    problems = ['store: disk full'];
    const answer = await ask(http, '/readyz');
    expect(answer.statusCode).to.equal(503);
    expect(answer.json()).to.deep.equal({
      ready: false,
      reasons: problems,
      drivers: { game: 'dgram' },
    });
    expect((await ask(http, '/healthz')).statusCode).to.equal(200);
  });

  it('stay ready and say what they do without while a store that all nodes share is lost', async () => {
    const { http } = await start();
    limits = ['store: redis cannot be reached'];
    const answer = await ask(http, '/readyz');
    expect(answer.statusCode).to.equal(200);
    expect(answer.json()).to.deep.include({ ready: true, reasons: limits });
  });

  it('make an admin token at the first start that only the owner reads, and keep it', async () => {
    const { admin } = await start();
    const file = join(data, 'management.token');
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    const token = readFileSync(file, 'utf8').trim();
    expect(token).to.match(/^[\w-]{43}$/);
    expect(JSON.stringify(log.info.args)).to.include(file).and.not.include(token);
    expect((await ask(admin, '/metrics', token)).statusCode).to.equal(200);
    await start();
    expect(readFileSync(file, 'utf8').trim()).to.equal(token);
  });

  it('take the token of the configuration or of a file it names', async () => {
    const tokenFile = join(data, 'own.token');
    writeFileSync(tokenFile, 'from-a-file\n');
    expect(
      (await ask((await start({ tokenFile })).admin, '/metrics', 'from-a-file')).statusCode,
    ).to.equal(200);
    expect(
      (await ask((await start({ token: 'given' })).admin, '/metrics', 'given')).statusCode,
    ).to.equal(200);
  });

  it('refuse a token that is empty', async () => {
    const tokenFile = join(data, 'empty.token');
    writeFileSync(tokenFile, '\n');
    const error = await start({ tokenFile }).catch((reason: Error) => reason);
    expect(error).to.have.property('code', 'ADMIN_TOKEN');
  });

  it('show metrics and the API of all endpoints to the admin alone', async () => {
    const { http, admin } = await start({ token: 'right' });
    const metrics = await ask(admin, '/metrics', 'right');
    expect(metrics.body)
      .to.match(/^beaconry_a2s_queries_total 7$/m)
      .and.match(/^process_cpu_/m);
    expect(metrics.headers['content-type']).to.match(/^text\/plain/);
    const paths = (await ask(admin, '/openapi.json', 'right')).json().paths;
    expect(paths).to.include.keys('/v1/secret', '/healthz');
    for (const url of ['/metrics', '/openapi.json']) {
      const missing = await ask(admin, url);
      expect([missing.statusCode, missing.json().error.code]).to.deep.equal([
        401,
        'UNAUTHENTICATED',
      ]);
      expect(missing.json().error.message).to.include('management.token');
      expect(missing.headers['www-authenticate']).to.match(/^Bearer/);
      const wrong = await ask(admin, url, 'wrong');
      expect([wrong.statusCode, wrong.json().error.code]).to.deep.equal([403, 'FORBIDDEN']);
      expect((await ask(http, url, 'right')).statusCode).to.equal(404);
    }
  });

  it('let a route of any plugin ask for the admin', async () => {
    const { http } = await start({ token: 'right' });
    expect((await ask(http, '/v1/secret')).statusCode).to.equal(401);
    expect((await ask(http, '/v1/secret', 'right')).body).to.equal('for the admin');
  });
});
