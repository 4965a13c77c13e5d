import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, definePlugin } from 'beaconry';
import { type Ban, BanLists, Bans, BansAdded } from 'beaconry/plugins/bans';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import bans from '../../../plugins/bans/index.js';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';

const token = 'secret-token';
const stranger = '192.0.2.1:40000';

describe('plugin bans', () => {
  const folder = temporaryFolder();
  let test: TestServer;
  let heard: string[];
  const start = async (
    config: Record<string, unknown> = {},
    rest: Record<string, unknown> = {},
  ) => {
    heard = [];
    const echo = definePlugin({
      name: 'echo',
      api: 1,
      setup(context: Context) {
        context.udp('game').onDatagram('', (datagram) => datagram.reply(datagram.bytes));
        context.on(BansAdded, ({ bans }) => void heard.push(...bans.map(({ subject }) => subject)));
      },
    });
    test = await startTestServer({
      plugins: { bans: config, echo: {} },
      atHand: { bans, echo },
      config: { management: { token }, ...rest },
    });
    return test;
  };
  const request = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
    test.request(
      {
        method,
        url: `/v1/admin/${url}`,
        headers: { authorization: `Bearer ${token}` },
        ...(payload !== undefined && { payload }),
      },
      'admin',
    );
  const run = (command: string, texts: Record<string, string>) =>
    request('POST', `commands/${command}`, { texts });
  const audit = async () => (await request('GET', 'audit')).json().items as AuditItem[];
  const hears = (from = stranger) => test.ask('game', Buffer.from('hello?'), from).length > 0;

  afterEach(() => test?.stop());

  it('keeps the contract of plugins', async () => {
    await checkPluginContract(bans);
    await start();
  });

  it('lets a banned address hear nothing at once, and again when the ban is lifted or over', async () => {
    await start();
    expect(hears()).equal(true);
    expect((await run('ban-add', { subject: '192.0.2.0/28', reason: 'floods' })).statusCode).equal(
      200,
    );
    expect([hears(), hears('192.0.2.99:40000')]).deep.equal([false, true]);
    expect(heard).deep.equal(['192.0.2.0/28']);
    await run('ban-remove', { subject: '192.0.2.0/28' });
    expect(hears()).equal(true);
    await run('ban-add', { subject: '192.0.2.1', reason: 'floods', for: '10m' });
    expect(hears()).equal(false);
    await test.clock.advance(601_000);
    expect(hears()).equal(true);
  });

  it('is silent at one endpoint alone when the scope says so', async () => {
    await start();
    await run('ban-add', { subject: '192.0.2.1', reason: 'floods', scope: 'master' });
    expect(hears()).equal(true);
    await run('ban-add', { subject: '192.0.2.1', reason: 'floods', scope: 'game' });
    expect(hears()).equal(false);
  });

  it('says in the audit who banned and lifted, by command and by HTTP', async () => {
    await start();
    await run('ban-add', { subject: 'account:Eve', reason: 'spam' });
    await request('POST', 'bans', { subject: 'account:Mallory', reason: 'cheats', seconds: 60 });
    await request('DELETE', 'bans?subject=account:Mallory');
    const [lifted, banned, command] = await audit();
    expect(command?.action).deep.include({ command: 'ban-add', outcome: 'done' });
    expect(banned?.action).include({ plugin: 'bans', banned: 'account:Mallory', reason: 'cheats' });
    expect(lifted?.action).include({ lifted: 'account:Mallory' });
    for (const entry of [lifted, banned, command]) expect(entry?.by).equal('admin at 127.0.0.1');
  });

  it('lists, adds and lifts over HTTP, page by page, for the admin alone', async () => {
    await start();
    for (const subject of ['192.0.2.1:27015', '76561197960265728', '2001:DB8::/32']) {
      const added = await request('POST', 'bans', { subject, reason: 'because' });
      expect(added.statusCode).equal(201);
    }
    const page = (await request('GET', 'bans?limit=2')).json();
    expect(page.items.map((ban: Ban) => ban.subject)).deep.equal([
      '192.0.2.1:27015',
      '76561197960265728',
    ]);
    const rest = (await request('GET', `bans?limit=2&after=${page.next}`)).json();
    expect(rest.items[0]).include({
      subject: '2001:db8::/32',
      by: 'admin at 127.0.0.1',
      until: null,
    });
    expect(rest.next).equal(null);
    expect((await request('DELETE', 'bans?subject=192.0.2.77')).statusCode).equal(404);
    expect((await request('POST', 'bans', { subject: 'nobody', reason: 'x' })).statusCode).equal(
      400,
    );
    expect((await test.request('/v1/admin/bans', 'admin')).statusCode).equal(401);
  });

  it('does without routes on a server that has no admin endpoint', async () => {
    test = await startTestServer({
      plugins: { bans: {} },
      atHand: { bans },
      config: { endpoints: { game: { udp: '127.0.0.1:0' } } },
    });
    await test.get(Bans).add({ subject: '192.0.2.1', reason: 'x', by: 'a plugin' });
    expect(test.get(Bans).size).equal(1);
  });

  it('exports what it imports', async () => {
    await start();
    await run('ban-add', { subject: '192.0.2.1:27015', reason: 'cheats', for: '7d' });
    await run('ban-add', {
      subject: 'account:Eve',
      reason: 'spam "and" more',
      scope: 'vcmi-lobby',
    });
    const text: string = (await run('ban-export', {})).json().result;
    const file = join(folder.path, 'bans.jsonl');
    writeFileSync(file, `# a comment\n\n${text}\n`);
    for (const subject of ['192.0.2.1:27015']) await run('ban-remove', { subject });
    await run('ban-remove', { subject: 'account:Eve', scope: 'vcmi-lobby' });
    const { result } = (await run('ban-import', { list: file })).json();
    expect(result).deep.equal({ source: file, bans: 2, added: 2, removed: 0 });
    expect(test.get(BanLists).export().trimEnd()).equal(text);
    expect((await run('ban-remove', { subject: '192.0.2.1:27015' })).json().error.message).contain(
      file,
    );
    expect((await run('ban-forget', { list: file })).json().result).equal('2 bans forgotten');
    expect(test.get(Bans).size).equal(0);
  });

  it('reads configured lists before it is ready, and again when their time has come', async () => {
    const file = join(folder.path, 'list.jsonl');
    writeFileSync(file, '{"subject":"192.0.2.1"}\n{"subject":"192.0.2.2"}\n');
    await start({ import: [{ file, refresh: '1h' }] });
    expect([hears(), hears('192.0.2.2:1')]).deep.equal([false, false]);
    expect(test.get(Bans).list()[0]?.source).equal(file);
    writeFileSync(file, '{"subject":"192.0.2.2"}\n');
    await test.clock.advance(3_600_000);
    await until(() => test.get(Bans).size === 1);
    expect([hears(), hears('192.0.2.2:1')]).deep.equal([true, false]);
    expect((await audit())[0]).deep.include({ by: 'bans', source: 'plugin' });
  });

  it('keeps the old list when the new one is wrong, and starts without one that is missing', async () => {
    const file = join(folder.path, 'list.jsonl');
    await start({ import: [{ file, refresh: '1h' }] });
    expect(test.get(Bans).size).equal(0);
    writeFileSync(file, '{"subject":"192.0.2.1"}\n');
    await test.get(BanLists).import(file);
    writeFileSync(file, '{"subject":"192.0.2.2"}\nnonsense\n');
    const { message } = (await run('ban-import', { list: file })).json().error;
    expect(message).contain('line 2').and.contain('the old list stays');
    expect([hears(), hears('192.0.2.2:1')]).deep.equal([false, true]);
  });
});

interface AuditItem {
  readonly by: string;
  readonly source: string;
  readonly action: Record<string, unknown>;
}

async function until(right: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !right(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
