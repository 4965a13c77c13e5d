import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { ServerDirectory } from '../../server-browser/web/public.js';
import { pageIsBuilt } from './page-rig.js';

describe('routes of the page', () => {
  let test: TestServer;
  before(function () {
    if (pageIsBuilt) return;
    console.log('      skipped: needs the built page (npm run build)');
    this.skip();
  });
  const start = async (config: Record<string, unknown> = {}) => {
    test = await startTestServer({ plugins: { browser: config } });
  };
  afterEach(() => test?.stop());
  const policy = async (path: string, endpoint = 'http') =>
    String((await test.request(path, endpoint)).headers['content-security-policy']);

  it('allow scripts and styles of this server alone, and no frame around the page', async () => {
    await start({ embedOrigins: ['https://example.org'] });
    const text = await policy('/');
    expect(text).to.include("default-src 'none'").and.include("frame-ancestors 'none'");
    expect(text).to.include("base-uri 'none'").and.include("form-action 'none'");
    expect(text).to.match(/script-src 'self' 'sha256-[\w+/=]+';/);
    expect(text).to.include("style-src 'self';").and.not.include('unsafe');
    expect(await policy('/?embed=1')).to.include('frame-ancestors https://example.org');
    expect(await policy('/admin/', 'admin')).to.include("frame-ancestors 'none'");
  });

  it('keep the frame shut when no origin is configured', async () => {
    await start();
    expect(await policy('/?embed=1')).to.include("frame-ancestors 'none'");
  });

  it('serve every file compressed from memory, for ever when its name carries its digest', async () => {
    await start();
    const { body } = await test.request('/');
    const paths = [...body.matchAll(/(?:src|href)="\.?\/(assets\/[^"]+)"/g)].map(
      ([, path]) => path,
    );
    expect(paths).to.have.length.above(2);
    for (const path of paths) {
      for (const encoding of ['br', 'gzip', '']) {
        const answer = await test.request({
          url: `/${path}`,
          headers: { 'accept-encoding': encoding },
        });
        expect(answer.statusCode, path).to.equal(200);
        expect(answer.headers['content-encoding'], path).to.equal(encoding || undefined);
        expect(answer.headers['cache-control'], path).to.include('immutable');
      }
    }
    expect((await test.request('/assets/../index.html')).statusCode).to.equal(404);
  });

  it('carry what the operator configured, and nothing of it can leave its place', async () => {
    await start({
      attribution: '"><script>alert(1)</script>',
      joinLinks: [{ label: 'Go', url: 'https://play.example/{address}' }],
    });
    const { body } = await test.request('/');
    expect(body).to.not.include('<script>alert');
    expect(body).to.include('https://play.example/{address}');
  });

  const withServers = async () => {
    await start();
    const directory = test.get(ServerDirectory);
    const lastSeen = '2026-01-01T00:00:00.000Z';
    const server = { map: 'dust', maxPlayers: 32, lastSeen, region: 3, flags: [] };
    for (let n = 0; n < 60; n++) {
      const address = `192.0.2.${n}:27015`;
      directory.add('test', { ...server, address, name: `Server ${n}`, players: n % 30 });
    }
    const name = '<img src=x onerror=alert(1)>"\'&';
    directory.add('test', { ...server, address: '192.0.2.99:1', name, players: 31 });
  };
  const namesIn = (html: string) =>
    [...html.matchAll(/cell-name[^>]*><bdi class="text">([^<]*)</g)]
      .map(([, name]) => name)
      // The pattern that the script copies.
      .filter((name) => name !== '-');

  it('carry the top of the list, most players first, before any script has come', async () => {
    await withServers();
    const { body } = await test.request('/');
    const names = namesIn(body);
    expect(names).to.have.lengthOf(40);
    expect(names.slice(0, 4)).to.deep.equal([
      '&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;',
      'Server 29',
      'Server 59',
      'Server 28',
    ]);
    expect(body).to.include('aria-rowcount="62"').and.not.include('style=');
  });

  it('carry it in the language of the reader, and tell caches so', async () => {
    await withServers();
    const read = async (language: string) => {
      const answer = await test.request({ url: '/', headers: { 'accept-language': language } });
      expect(answer.headers.vary).to.include('Accept-Language');
      return answer.body;
    };
    expect(await read('uk-UA,uk;q=0.9,en;q=0.8'))
      .to.include('<html lang="uk">')
      .and.include('Європа');
    expect(await read('xx,en-GB'))
      .to.include('<html lang="en">')
      .and.include('Europe');
    expect(await read('')).to.include('<html lang="en">');
  });

  it('carry no lines for an address that chooses some: only the script of the page knows which', async () => {
    await withServers();
    expect(namesIn((await test.request('/?q=server')).body)).to.deep.equal([]);
    expect(namesIn((await test.request('/?embed=1')).body)).to.have.lengthOf(40);
  });

  it('are not sent again while the list is the same', async () => {
    await withServers();
    for (const encoding of ['br', 'gzip', '']) {
      const headers = { 'accept-encoding': encoding };
      const { etag } = (await test.request({ url: '/', headers })).headers;
      const again = { url: '/', headers: { ...headers, 'if-none-match': String(etag) } };
      expect((await test.request(again)).statusCode, encoding).to.equal(304);
    }
  });

  it('show the operator view on the endpoint admin alone', async () => {
    await start();
    expect((await test.request('/admin/', 'admin')).statusCode).to.equal(200);
    expect((await test.request('/admin', 'admin')).headers.location).to.equal('/admin/');
    expect((await test.request('/admin/')).statusCode).to.equal(404);
  });
});
