import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin } from 'beaconry';
import { ServerDirectory } from 'beaconry/plugins/browser';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import browser from '../../../server-browser/web/index.js';
import { encodingOf } from '../../../server-browser/web/page-files.js';
import { countryFile } from './country-file.js';
import { listed } from './listed.js';

describe('plugin browser', () => {
  let test: TestServer | undefined;
  let directory: ServerDirectory;
  const other = definePlugin({
    name: 'other',
    api: 1,
    requires: [ServerDirectory],
    setup(context) {
      directory = context.get(ServerDirectory);
    },
  });
  const start = async (config: Record<string, unknown> = {}) => {
    test = await startTestServer({ plugins: { browser: config, other: {} }, atHand: { other } });
    return test;
  };
  const failure = async (config: Record<string, unknown>) =>
    start(config).then(
      () => 'started',
      (error: Error) => error.message,
    );
  afterEach(async () => {
    await test?.stop();
    test = undefined;
  });

  it('keeps the contract of plugins', async () => {
    await checkPluginContract(browser);
  });

  it('answers one server with players and rules, and 404 for an address that nobody names', async () => {
    const running = await start();
    directory.add('other', listed('192.0.2.1:27015', { tags: ['a', 'b'] }));
    const found = (await running.request('/v1/servers/192.0.2.1:27015')).json();
    expect(found).to.deep.include({ tags: ['a', 'b'], playerList: [], rules: {}, source: 'other' });
    for (const path of ['/v1/servers/192.0.2.9:27015', '/v1/servers/192.0.2.9:27015/history']) {
      const missing = await running.request(path);
      expect([missing.statusCode, missing.json().error.code]).to.deep.equal([
        404,
        'UNKNOWN_SERVER',
      ]);
    }
  });

  it('answers history in the ranges it has, and refuses others', async () => {
    const running = await start();
    directory.add('other', listed('192.0.2.1:27015'));
    const path = '/v1/servers/192.0.2.1:27015/history';
    const lengths = async (query: string) => {
      const { step, players, ping } = (await running.request(path + query)).json();
      return [step, players.length, ping.length];
    };
    expect(await lengths('')).to.deep.equal([300, 288, 288]);
    expect(await lengths('?range=7d')).to.deep.equal([3600, 168, 168]);
    expect((await running.request(`${path}?range=1y`)).statusCode).to.equal(400);
  });

  it('sums the list by game, region and version, duplicates once', async () => {
    const running = await start();
    directory.add('other', listed('192.0.2.1:1', { players: 3, region: 3 }));
    directory.add('other', listed('192.0.2.1:2', { players: 3, gamePort: 1 }));
    directory.add(
      'other',
      listed('192.0.2.2:1', { players: 4, bots: 2, modDir: 'tf', version: '9' }),
    );
    expect((await running.request('/v1/stats')).json()).to.deep.equal({
      servers: 2,
      players: 7,
      bots: 2,
      slots: 16,
      verified: 2,
      games: {
        baseq3: { servers: 1, players: 3, bots: 0 },
        tf: { servers: 1, players: 4, bots: 2 },
      },
      regions: {
        europe: { servers: 1, players: 3, bots: 0 },
        unknown: { servers: 1, players: 4, bots: 2 },
      },
      versions: {
        'baseq3 1.32': { servers: 1, players: 3, bots: 0 },
        'tf 9': { servers: 1, players: 4, bots: 2 },
      },
    });
  });

  it('gives the whole list in columns, compressed as the reader likes, and 304 when he has it', async () => {
    const running = await start();
    directory.add('other', listed('192.0.2.1:1'));
    directory.add('other', listed('192.0.2.2:1', { map: 'q3dm6' }));
    const plain = await running.request('/v1/servers/snapshot');
    const columns = plain.json();
    expect(columns.address).to.deep.equal(['192.0.2.1:1', '192.0.2.2:1']);
    expect(columns.map.map((place: number) => columns.texts[place])).to.deep.equal([
      'q3dm17',
      'q3dm6',
    ]);
    for (const encoding of ['gzip', 'br']) {
      const { headers } = await running.request({
        url: '/v1/servers/snapshot',
        headers: { 'accept-encoding': encoding },
      });
      expect(headers['content-encoding']).to.equal(encoding);
      expect(headers.etag).to.not.equal(plain.headers.etag);
    }
    const again = await running.request({
      url: '/v1/servers/snapshot',
      headers: { 'if-none-match': String(plain.headers.etag) },
    });
    expect(again.statusCode).to.equal(304);
  });

  it('tells countries and regions from a file of the operator', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'beaconry-countries-'));
    try {
      const file = join(folder, 'countries.mmdb');
      writeFileSync(
        file,
        countryFile([
          ['192.0.2.0/24', 'UA', 'EU'],
          ['198.51.100.0/25', 'TR', 'AS'],
        ]),
      );
      const running = await start({ regionData: file });
      directory.add('other', listed('192.0.2.77:1'));
      directory.add('other', listed('198.51.100.5:1'));
      directory.add('other', listed('198.51.100.205:1', { region: 2 }));
      directory.add('other', listed('[2001:db8::1]:1'));
      const { items } = (await running.request('/v1/servers')).json();
      expect(
        items.map(({ country, region }: { country?: string; region: number }) => [country, region]),
      ).to.have.deep.members([
        ['UA', 3],
        ['TR', 6],
        [undefined, 2],
        [undefined, 255],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says what is wrong with a file of countries, a link or an origin', async () => {
    expect(await failure({ regionData: 'missing.mmdb' })).to.match(/cannot read .*missing\.mmdb/);
    const link = (url: string) => failure({ joinLinks: [{ label: 'x', url }] });
    expect(await link('javascript:alert("{address}")')).to.match(/is no link to join by/);
    expect(await link('//{address}')).to.match(/is no link to join by/);
    expect(await link('xash3d://connect')).to.match(/names no server/);
    expect(await failure({ embedOrigins: ['https://example.org/'] })).to.match(/is no origin/);
  });
});

describe('encoding of an answer', () => {
  it('is the best one that the reader takes', () => {
    expect(encodingOf('gzip, deflate, br')).to.equal('br');
    expect(encodingOf('gzip;q=0.5, br;q=0')).to.equal('gzip');
    expect(encodingOf('identity')).to.equal('');
    expect(encodingOf(undefined)).to.equal('');
    expect(encodingOf('br, gzip', ['gzip'])).to.equal('gzip');
  });
});

describe('texts of the page', () => {
  const folder = new URL('../../../../server-browser/web/page/', import.meta.url);
  const texts = (name: string) =>
    JSON.parse(readFileSync(new URL(`words/${name}.json`, folder), 'utf8')) as Record<
      string,
      string
    >;
  const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

  for (const [one, other] of [
    ['en', 'uk'],
    ['admin.en', 'admin.uk'],
  ] as const) {
    it(`are complete in both languages (${one}, ${other})`, () => {
      const english = texts(one);
      const ukrainian = texts(other);
      expect(Object.keys(ukrainian)).to.deep.equal(Object.keys(english));
      for (const [key, text] of Object.entries(english)) {
        expect(ukrainian[key], key).to.not.equal('');
        expect(places(ukrainian[key] ?? ''), key).to.deep.equal(places(text));
      }
    });
  }

  it('differ, so that nothing was left in English', () => {
    const english = texts('en');
    const same = Object.entries(texts('uk')).filter(([key, text]) => text === english[key]);
    expect(same.map(([key]) => key)).to.have.members(['detail.steamId', 'map.place']);
  });

  it('name every flag that a server can have', () => {
    const flags = [
      'unreachable',
      'duplicate',
      'game',
      'version',
      'max-players',
      'password',
      'players',
    ];
    const keys = Object.keys(texts('en')).filter((key) => key.startsWith('flag.'));
    expect(keys.map((key) => key.replace(/^flag\.(contradicts-)?/, ''))).to.deep.equal(flags);
  });
});
