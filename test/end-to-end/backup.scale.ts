import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { storeContent } from '../core/backup/store-content.js';
import { JsonClient } from '../plugins/vcmi-lobby-json/json-client.js';
import { BeaconryProcess } from './beaconry-process.js';
import { freePorts } from './free-ports.js';
import { temporaryFolder } from './temporary-folder.js';

const rally = fileURLToPath(new URL('../../../fixtures/rally', import.meta.url));

/** A community on ports of its own, in a folder of its own. */
class Community {
  process!: BeaconryProcess;
  admin = 0;
  constructor(readonly folder: string) {}

  /** `rally` runs there only where its clock does not change what is compared. */
  async configure(withRally: boolean): Promise<void> {
    const [game, master, signaling] = await freePorts(3, 'udp');
    const [http, admin = 0, lobby] = await freePorts(3, 'tcp');
    this.admin = admin;
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(
      join(this.folder, 'beaconry.yaml'),
      `node: community
endpoints:
  http: { http: 127.0.0.1:${http} }
  admin: { http: 127.0.0.1:${admin} }
  game: { udp: 127.0.0.1:${game} }
  master: { udp: 127.0.0.1:${master} }
  lobby-json: { tcp: 127.0.0.1:${lobby} }
  datagrams: { udp: 127.0.0.1:${signaling} }
plugins:
  game-server: {}
  rules: {}
  a2s: {}
  heartbeat: { masters: [127.0.0.1:${master}] }
  master: {}
  browser: { poll: { interval: 1s } }
  bans: {}
  steam-backend: {}
  vcmi-lobby-json: {}
  coordinator: { dev: true, pops: { dev: { desc: Test } } }
${withRally ? `  rally: { definition: ${rally}, endpoint: game, authentication: entry-list, bots: 4, entries: 4, startInterval: 1s, startDelay: 0s, timeScale: 20 }\n` : ''}`,
    );
    this.lobby = lobby ?? 0;
    this.http = http ?? 0;
  }
  lobby = 0;
  http = 0;

  async start(): Promise<void> {
    this.process = new BeaconryProcess(['start'], { cwd: this.folder });
    await this.process.ready();
  }

  run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    return new BeaconryProcess(args, { cwd: this.folder }).ended;
  }

  async command(name: string, texts: Record<string, string>): Promise<unknown> {
    const token = readFileSync(join(this.folder, 'data/management.token'), 'utf8').trim();
    const response = await fetch(`http://127.0.0.1:${this.admin}/v1/admin/commands/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ texts }),
    });
    const answer = (await response.json()) as { result?: unknown; error?: unknown };
    if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
    return answer.result;
  }

  keyFiles(): Map<string, string> {
    const data = join(this.folder, 'data');
    const names = readdirSync(data, { recursive: true, encoding: 'utf8' });
    return new Map(
      names
        .filter((name) => /token$|\.key$|coordinator-keys\//.test(name))
        .map((name) => [name, readFileSync(join(data, name), 'utf8')]),
    );
  }
}

/** Waits until the page has an answer of the server that it lists. */
async function measured({ http }: Community): Promise<void> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${http}/v1/servers`);
    const { items } = (await response.json()) as { items: { ping?: number | null }[] };
    if (typeof items[0]?.ping === 'number') return;
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe('backup and restore of a community', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const running: Community[] = [];
  const sockets: JsonClient[] = [];
  afterEach(async () => {
    for (const { socket } of sockets.splice(0)) socket.destroy();
    for (const { process } of running.splice(0)) await process?.kill();
  });
  const community = (name: string) => {
    const one = new Community(join(folder.path, name));
    running.push(one);
    return one;
  };
  const player = async ({ lobby }: Community) => {
    const client = await JsonClient.open(lobby, () => new Promise((done) => setTimeout(done, 5)));
    sockets.push(client);
    return client;
  };

  it('under load gives a second folder with other ports equal accounts, bans, keys, chat, rally and history', async () => {
    const first = community('first');
    await first.configure(true);
    await first.start();
    // History waits in memory until its five minutes are over, or the node stops.
    await measured(first);
    await first.process.kill('SIGTERM');
    await first.start();
    const alice = await (await player(first)).register('Alice1');
    alice.login();
    await alice.hears('matchesHistory');
    const say = (messageText: string) =>
      alice.send({
        type: 'sendChatMessage',
        messageText,
        channelType: 'global',
        channelName: 'english',
      });
    await first.command('ban-add', { subject: '192.0.2.77', reason: 'spam' });
    for (let i = 0; i < 8; i++) say(`line ${i}`);
    // The load: accounts and chat, without a pause, until the backup is there.
    let loaded = true;
    const acknowledged: string[] = [];
    const load = (async () => {
      for (let i = 0; loaded; i++) {
        if (i % 8 === 0) say(`later ${i}`);
        const made = (await first.command('account-add', { name: `player ${i}` })) as {
          steamId: string;
        };
        acknowledged.push(made.steamId);
      }
    })();
    while (acknowledged.length < 20) await new Promise((done) => setTimeout(done, 5));
    const before = [...acknowledged];
    const written = await first.run('backup', join(folder.path, 'saved'));
    loaded = false;
    await load;
    expect(written.stderr).equal('');
    expect(written.stdout).match(/wrote .*saved: \d+ entries and \d+ files, verified/);
    expect(acknowledged.length).greaterThan(before.length);

    const second = community('second');
    await second.configure(false);
    const restored = await second.run('restore', join(folder.path, 'saved'));
    expect(restored.stderr).equal('');
    const saved = await storeContent(join(folder.path, 'saved'));
    expect(await storeContent(join(second.folder, 'data/beaconry.db'))).deep.equal(saved);
    expect(second.keyFiles()).deep.equal(first.keyFiles());
    expect(second.keyFiles().size).least(3);
    const namespaces = new Set(saved.map(([namespace]) => namespace.split('/')[0]));
    expect([...namespaces]).include.members([
      'audit',
      'bans',
      'browser',
      'rally',
      'steam-backend',
      'vcmi-lobby-json',
    ]);

    await second.start();
    const accounts = JSON.stringify(await second.command('account-list', { limit: '1000' }));
    for (const steamId of before) expect(accounts).contain(steamId);
    expect(JSON.stringify(await second.command('ban-list', {}))).contain('192.0.2.77');
    const again = (await player(second)).as(alice);
    again.login();
    await again.hears('matchesHistory');
    again.send({ type: 'requestChatHistory', channelType: 'global', channelName: 'english' });
    const { messages } = await again.hears('chatHistory');
    expect(messages.map(({ messageText }) => messageText)).contain('line 7');
  });

  it('into a running node swaps its content and goes on; what was there lies beside it', async () => {
    const first = community('first');
    await first.configure(false);
    await first.start();
    await first.command('ban-add', { subject: '192.0.2.1', reason: 'kept' });
    expect((await first.run('backup', '../saved')).code).equal(0);
    await first.command('ban-add', { subject: '192.0.2.2', reason: 'made later' });
    const { code, stdout, stderr } = await first.run('restore', '../saved');
    expect([code, stderr]).deep.equal([0, '']);
    expect(stdout).match(/restored \d+ entries/);
    const bans = JSON.stringify(await first.command('ban-list', {}));
    expect(bans).contain('192.0.2.1').and.not.contain('192.0.2.2');
    const kept = await storeContent(join(first.folder, 'data/beaconry.db.before-restore'));
    expect(JSON.stringify(kept)).contain('192.0.2.2');
    expect((await first.process.kill('SIGTERM')).code).equal(0);
  });

  it('with which the node cannot start is taken back, and the node goes on with what it had', async () => {
    const first = community('first');
    await first.configure(false);
    writeFileSync(
      join(first.folder, 'picky.js'),
      `import { command, definePlugin } from 'beaconry';
export default definePlugin({
  name: 'picky', api: 1,
  commands: [command({
    name: 'picky-set', doc: 'sets', parameters: { value: { doc: 'v', format: String, default: null } },
    run: (context, { value }) => context.store.set('value', value),
  })],
  async setup(context) {
    if ((await context.store.get('value')) === 'bad') throw new Error('I do not like this');
  },
});
`,
    );
    const config = join(first.folder, 'beaconry.yaml');
    writeFileSync(config, `${readFileSync(config, 'utf8')}  picky: { use: ./picky.js }\n`);
    await first.start();
    await first.command('picky-set', { value: 'bad' });
    expect((await first.run('backup', '../saved')).code).equal(0);
    await first.command('picky-set', { value: 'good' });
    await first.command('ban-add', { subject: '192.0.2.1', reason: 'kept' });
    const { code, stderr } = await first.run('restore', '../saved');
    expect(code).equal(1);
    expect(stderr).contain('went back to what was there').and.contain('I do not like this');
    expect(JSON.stringify(await first.command('ban-list', {}))).contain('192.0.2.1');
    expect((await first.process.kill('SIGTERM')).code).equal(0);
  });

  it('of a damaged file is refused by a running node, which goes on with its data', async () => {
    const first = community('first');
    await first.configure(false);
    await first.start();
    await first.command('ban-add', { subject: '192.0.2.1', reason: 'kept' });
    await first.run('backup', '../saved');
    const bytes = readFileSync(join(folder.path, 'saved'));
    const at = bytes.indexOf('192.0.2.1');
    bytes.write('192.0.2.9', at);
    writeFileSync(join(folder.path, 'bad'), bytes);
    // The command itself verifies first; the node must not rely on that.
    const refused = await first.run('restore', '../bad');
    expect(refused.code).equal(1);
    expect(refused.stderr).match(/cannot be used as a backup.*nothing was changed/);
    const token = readFileSync(join(first.folder, 'data/management.token'), 'utf8').trim();
    const sent = await fetch(`http://127.0.0.1:${first.admin}/v1/admin/restore`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
      body: bytes,
    });
    expect(sent.ok).equal(false);
    expect(JSON.stringify(await sent.json())).contain('BACKUP_DAMAGED');
    expect(JSON.stringify(await first.command('ban-list', {}))).contain('192.0.2.1');
    const left = readdirSync(join(first.folder, 'data')).filter((name) => /partial/.test(name));
    expect(left).deep.equal([]);
  });
});
