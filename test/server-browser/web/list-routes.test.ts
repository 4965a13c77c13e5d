import { definePlugin } from 'beaconry';
import { type ListedServer, ServerDirectory } from 'beaconry/plugins/browser';
import { hex, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { listed } from './listed.js';

const join = (test: TestServer, text: string, from: string) => {
  const [answer] = test.ask('master', hex`71`, from);
  const challenge = Buffer.from(answer ?? []).readUInt32LE(6);
  test.ask('master', Buffer.from(`0\n\\protocol\\7\\challenge\\${challenge}${text}\n`), from);
};

describe('GET /v1/servers', () => {
  let test: TestServer;
  let directory: ServerDirectory;
  const other = definePlugin({
    name: 'other',
    api: 1,
    requires: [ServerDirectory],
    setup(context) {
      directory = context.get(ServerDirectory);
    },
  });
  const addresses = async (query: string) => {
    const { items, next } = (await test.request(`/v1/servers${query}`)).json();
    return { addresses: items.map(({ address }: ListedServer) => address), next };
  };

  beforeEach(async () => {
    test = await startTestServer({
      plugins: { master: { allowLoopback: true }, browser: {}, other: {} },
      atHand: { other },
    });
  });
  afterEach(() => test.stop());

  it('lists registrations of the master and servers of other plugins', async () => {
    join(test, '\\gamedir\\cstrike\\map\\de_dust2\\max\\16\\players\\4', '198.51.100.7:27015');
    directory.add('quake3', listed('198.51.100.9:27960'));
    const { items } = (await test.request('/v1/servers')).json();
    expect(items).have.lengthOf(2);
    expect(items[0]).include({
      address: '198.51.100.7:27015',
      modDir: 'cstrike',
      map: 'de_dust2',
      players: 4,
      maxPlayers: 16,
      source: 'master',
    });
    expect(items[1]).include({ address: '198.51.100.9:27960', source: 'quake3' });
  });

  it('filters all of them in the grammar of the master', async () => {
    join(test, '\\gamedir\\cstrike\\players\\0\\max\\16', '198.51.100.7:27015');
    directory.add('quake3', listed('198.51.100.9:27960'));
    const filter = encodeURIComponent('\\empty\\1');
    expect((await addresses(`?filter=${filter}`)).addresses).deep.equal(['198.51.100.9:27960']);
  });

  it('pages through both kinds without gap or repetition', async () => {
    for (let i = 1; i <= 5; i++) join(test, '\\gamedir\\cstrike', `198.51.100.${i}:27015`);
    for (let i = 1; i <= 5; i++) directory.add('quake3', listed(`203.0.113.${i}:27960`));
    const seen: string[] = [];
    let after = '';
    for (let pages = 0; pages < 9; pages++) {
      const page = await addresses(`?limit=3${after}`);
      seen.push(...page.addresses);
      if (page.next === null) break;
      after = `&after=${encodeURIComponent(page.next)}`;
    }
    expect(seen).have.lengthOf(10);
    expect(new Set(seen).size).equal(10);
  });

  it('replaces what a source said of an address and takes it off again', async () => {
    directory.add('quake3', listed('203.0.113.1:27960', { map: 'old' }));
    const remove = directory.add('quake3', listed('203.0.113.1:27960', { map: 'new' }));
    const { items } = (await test.request('/v1/servers')).json();
    expect(items.map(({ map }: ListedServer) => map)).deep.equal(['new']);
    remove();
    expect((await addresses('')).addresses).deep.equal([]);
  });

  it('refuses unknown fields and limits in words', async () => {
    const response = await test.request('/v1/servers?limit=0');
    expect(response.statusCode).equal(400);
    expect(response.json().error.code).equal('INVALID_REQUEST');
    expect((await test.request('/v1/servers?limt=5')).statusCode).equal(400);
  });

  it('shows names as text on the page without script, whatever they hold', async () => {
    directory.add('quake3', listed('203.0.113.1:27960', { name: '<script>alert(1)</script>' }));
    const page = await test.request('/plain');
    expect(page.body).contain('&lt;script&gt;alert(1)&lt;/script&gt;').and.not.contain('<script>');
    expect(page.headers['content-security-policy']).contain("default-src 'none'");
  });
});

describe('a list that others can reach', () => {
  let test: TestServer;
  afterEach(() => test.stop());

  it('does not tell strangers of servers that only the local network can reach', async () => {
    test = await startTestServer({
      plugins: { master: { verify: 'off' }, browser: {} },
      endpoints: { http: { http: '0.0.0.0:0' }, master: { udp: '0.0.0.0:0' } },
    });
    for (const from of ['10.0.0.5:27015', '198.51.100.7:27015'])
      join(test, '\\gamedir\\cstrike', from);
    const { items } = (await test.request('/v1/servers')).json();
    expect(items.map(({ address }: ListedServer) => address)).deep.equal(['198.51.100.7:27015']);
    expect((await test.request('/v1/servers/10.0.0.5:27015')).statusCode).equal(404);
  });

  it('holds also for servers that other plugins add', async () => {
    let directory: ServerDirectory | undefined;
    const other = definePlugin({
      name: 'other',
      api: 1,
      requires: [ServerDirectory],
      setup(context) {
        directory = context.get(ServerDirectory);
      },
    });
    test = await startTestServer({
      plugins: { browser: {}, other: {} },
      atHand: { other },
      endpoints: { http: { http: '0.0.0.0:0' } },
    });
    const remove = directory?.add('quake3', listed('192.168.1.9:27960'));
    directory?.add('quake3', listed('203.0.113.9:27960'));
    const { items } = (await test.request('/v1/servers')).json();
    expect(items.map(({ address }: ListedServer) => address)).deep.equal(['203.0.113.9:27960']);
    remove?.();
  });

  it('is also one on loopback that a proxy on this machine passes on', async () => {
    test = await startTestServer({
      plugins: { master: { verify: 'off' }, browser: {} },
      config: { trustedProxies: ['127.0.0.1/32'] },
    });
    join(test, '\\gamedir\\cstrike', '10.0.0.5:27015');
    expect((await test.request('/v1/servers')).json().items).deep.equal([]);
  });
});
