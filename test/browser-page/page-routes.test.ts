import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
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

  it('show the operator view on the endpoint admin alone', async () => {
    await start();
    expect((await test.request('/admin/', 'admin')).statusCode).to.equal(200);
    expect((await test.request('/admin', 'admin')).headers.location).to.equal('/admin/');
    expect((await test.request('/admin/')).statusCode).to.equal(404);
  });
});
