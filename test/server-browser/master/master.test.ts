import { Registrations } from 'beaconry/plugins/master';
import { checkPluginContract, hex, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import {
  decodeListPage,
  encodeListRequest,
  LIST_START,
} from '../../../server-browser/a2s-query/list-codec.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../../server-browser/master/heartbeat-codec.js';
import master from '../../../server-browser/master/index.js';
import { at } from './build.js';
import { vector } from './master-vectors.js';

const game = '192.0.2.1:27015';

const challengeFor = (server: TestServer, from: string): number => {
  const [bytes] = server.ask('master', vector('heartbeat'), from);
  const answer = decodeMasterMessage(bytes ?? new Uint8Array());
  return answer.kind === 'challenge' ? answer.challenge : 0;
};

const join = (
  server: TestServer,
  from = game,
  values: Record<string, string> = {},
): Uint8Array[] => {
  const challenge = String(challengeFor(server, from));
  const all = { protocol: '7', challenge, gamedir: 'cstrike', ...values };
  const message = { kind: 'join', values: new Map(Object.entries(all)) } as const;
  return server.ask('master', encodeGameServerMessage(message), from);
};

const listed = (server: TestServer, filter = '', from = '198.51.100.1:27005'): string[] => {
  const request = encodeListRequest({ region: 255, after: LIST_START, filter });
  const [page] = server.ask('master', request, from);
  if (page === undefined) return ['silence'];
  return decodeListPage(page).servers.map(({ host, port }) => `${host}:${port}`);
};

describe('plugin master', () => {
  let server: TestServer | undefined;
  const start = async (config: Record<string, unknown> = {}): Promise<TestServer> => {
    server = await startTestServer({ plugins: { master: config }, atHand: { master } });
    return server;
  };
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  it('keeps the contract of plugins', async () => {
    await checkPluginContract(master);
  });

  it('answers a challenge request with 10 bytes, with 14 when it carries an echo', async () => {
    const running = await start();
    const [classic] = running.ask('master', vector('heartbeat'));
    const [xash] = running.ask('master', vector('heartbeat_xash'));
    expect(classic).to.have.lengthOf(10);
    expect(xash).to.have.lengthOf(14);
    expect(xash?.subarray(10)).to.deep.equal(hex`44332211`);
  });

  it('lists a server that joined with its challenge', async () => {
    const running = await start();
    expect(join(running)).to.deep.equal([]);
    expect(listed(running)).to.deep.equal([game]);
    expect(listed(running, '\\gamedir\\tf')).to.deep.equal([]);
  });

  it('does not list a server whose challenge was given to another port', async () => {
    const running = await start();
    const challenge = String(challengeFor(running, '192.0.2.1:27016'));
    join(running, game, { challenge });
    expect(listed(running)).to.deep.equal([]);
  });

  it('forgets a server that signs off', async () => {
    const running = await start();
    join(running);
    running.ask('master', vector('shutdown'), game);
    expect(listed(running)).to.deep.equal([]);
  });

  it('forgets a server that is silent for its time to live', async () => {
    const running = await start({ ttl: '60s' });
    join(running);
    await running.clock.advance(59_000);
    expect(listed(running)).to.deep.equal([game]);
    await running.clock.advance(1000);
    expect(listed(running)).to.deep.equal([]);
  });

  it('offers the list to other plugins', async () => {
    const running = await start();
    join(running, game, { hostname: 'One' });
    join(running, '192.0.2.2:27015', { gamedir: 'tf' });
    const registrations = running.get(Registrations);
    expect(registrations.size).to.equal(2);
    expect(registrations.find(at(game))?.name).to.equal('One');
    expect(registrations.list('gamedir\\tf').map(({ address }) => `${address}`)).to.deep.equal([
      '192.0.2.2:27015',
    ]);
    const [first] = registrations.list('', { limit: 1 });
    expect(first?.address.toString()).to.equal(game);
    expect(registrations.list('', { after: at(game) })).to.have.lengthOf(1);
    expect(() => registrations.list('\\a\\1'.repeat(65))).to.throw('filter');
  });

  it('answers no message that a master would send', async () => {
    const running = await start();
    for (const name of ['challenge', 'restart_request', 'list_reply']) {
      expect(running.ask('master', vector(name))).to.deep.equal([]);
    }
  });

  it('stops paying list pages to one /24 after its burst, and pays others', async () => {
    const running = await start({ rateLimit: 10 });
    const ask = (from: string) => running.ask('master', vector('list_all'), from).length;
    let pages = 0;
    for (let i = 0; i < 500; i++) pages += ask(`192.0.2.${i % 250}:1000`);
    expect(pages).to.equal(128);
    expect(ask('203.0.113.1:1000')).to.equal(1);
    await running.clock.advance(1000);
    pages = 0;
    for (let i = 0; i < 100; i++) pages += ask('192.0.2.1:1000');
    expect(pages).to.equal(10);
  });

  it('never pays more than the list budget', async () => {
    const running = await start({ listBudget: 100_000 });
    let bytes = 0;
    for (let i = 0; i < 10_000; i++) {
      for (const page of running.ask('master', vector('list_all'), `10.${i >> 8}.${i & 255}.1:1`)) {
        bytes += page.length;
      }
    }
    expect(bytes).to.be.within(60_000, 65_536);
  });

  it('still limits each /24 without a list budget', async () => {
    const running = await start({ listBudget: 0 });
    let pages = 0;
    for (let i = 0; i < 500; i++) pages += running.ask('master', vector('list_all')).length;
    expect(pages).to.equal(128);
  });

  it('has no limit on lists with rateLimit off', async () => {
    const running = await start({ rateLimit: 'off' });
    let pages = 0;
    for (let i = 0; i < 500; i++) pages += running.ask('master', vector('list_all')).length;
    expect(pages).to.equal(500);
  });

  it('forgets servers and refusals of an address, and of no other', async () => {
    const running = await start({ deny: ['203.0.113.0/24'] });
    for (const from of [game, '192.0.2.1:27016', '192.0.2.10:27015']) join(running, from);
    for (const from of ['192.0.2.1:1', '203.0.113.1:1']) join(running, from, { challenge: '1' });
    join(running, '203.0.113.1:27015');
    expect(await running.command('forget', { subject: '192.0.2.1' })).equal(
      'master: removed 2 servers from the list (one that runs comes again), and 1 refusals',
    );
    expect(listed(running)).to.deep.equal(['192.0.2.10:27015']);
    expect(await running.command('forget', { subject: '192.0.2.1' })).equal('nothing was kept');
    expect(await running.command('forget', { subject: '203.0.113.1' })).contain('2 refusals');
  });

  it('counts what it refused, by reason', async () => {
    const running = await start({ deny: ['203.0.113.0/24'] });
    join(running, '203.0.113.1:27015');
    join(running, game, { challenge: '1' });
    join(running, game, { challenge: '2' });
    listed(running, '\\a\\1'.repeat(65));
    const text = await running.server.metrics.registry.metrics();
    const counts = [...text.matchAll(/beaconry_master_refusals_total{reason="(.+)"} ([1-9]\d*)/g)];
    expect(counts.map(([, reason, count]) => `${reason} ${count}`)).to.deep.equal([
      'challenge 2',
      'denied 1',
      'filter 1',
    ]);
  });

  it('accepts loopback servers on a loopback endpoint', async () => {
    const running = await start();
    join(running, '127.0.0.1:27015');
    expect(listed(running, '', '127.0.0.1:9')).to.deep.equal(['127.0.0.1:27015']);
  });

  it('refuses loopback servers on an open endpoint, unless they are allowed', async () => {
    for (const [allowLoopback, expected] of [
      [false, []],
      [true, ['127.0.0.1:27015']],
    ] as const) {
      const running = await startTestServer({
        plugins: { master: { allowLoopback, verify: 'off' } },
        atHand: { master },
        endpoints: { master: { udp: '0.0.0.0:0' } },
      });
      join(running, '127.0.0.1:27015');
      expect(listed(running, '', '127.0.0.1:9')).to.deep.equal(expected);
      await running.stop();
    }
  });

  it('tells an outdated server to update and does not list it', async () => {
    const running = await start({ minVersion: { cstrike: '1.0.0.71' } });
    const answers = join(running, game, { version: '1.0.0.70' }).map(decodeMasterMessage);
    expect(answers.map(({ kind }) => kind)).to.deep.equal(['print', 'restart-request']);
    expect(listed(running)).to.deep.equal([]);
  });

  it('tells servers behind NAT of a client only when the operator wants it', async () => {
    for (const nat of [false, true]) {
      const running = await startTestServer({
        plugins: { master: { xash: { nat } } },
        atHand: { master },
      });
      join(running, game, { nat: '1' });
      listed(running, '\\clver\\0.21\\nat\\1');
      const told = running.network.takeSentTo(game).map(decodeMasterMessage);
      const connects = told.filter(({ kind }) => kind === 'connect-request');
      expect(
        connects.map((message) => ('address' in message ? `${message.address}` : '')),
      ).to.deep.equal(nat ? ['198.51.100.1:27005'] : []);
      await running.stop();
    }
  });
});
