import { createSocket } from 'node:dgram';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { bundledPlugins } from '../../core/plugin-loader.js';
import { BeaconryProcess, listed, type RunningDemo, startDemo } from './beaconry-process.js';
import { temporaryFolder } from './temporary-folder.js';

describe('beaconry demo', () => {
  const folder = temporaryFolder();
  let demo: RunningDemo | undefined;
  const started: BeaconryProcess[] = [];
  const command = (...args: string[]) => {
    const process = new BeaconryProcess(args, { cwd: folder.path });
    started.push(process);
    return process.ended;
  };
  beforeEach(async () => {
    demo = await startDemo(folder.path);
  });
  afterEach(async () => {
    for (const process of [...started.splice(0), demo?.process]) await process?.kill();
  });

  it('runs every bundled plugin but rcon, which nobody gets unasked, and says what to try', async () => {
    const { report, process, game } = demo as RunningDemo;
    const bundled = [...bundledPlugins().keys()].filter((name) => name !== 'rcon');
    expect(Object.keys(report.plugins).sort()).deep.equal(bundled);
    expect(new Set(Object.values(report.plugins))).deep.equal(new Set(['running']));
    await process.waitFor(new RegExp(`npx beaconry query ${game}`));
  });

  it('shows its rally to query and list, on the page and as JSON', async () => {
    const { game, master, http } = demo as RunningDemo;
    const name = 'Rally of the Seven Tarns';
    // The drivers are bots that join over the network, and the list asks in turns.
    const item = async () => {
      const json = await (await fetch(`http://${http}/v1/servers`)).json();
      return (json as { items: { address: string; name: string; bots: number }[] }).items[0];
    };
    while ((await item())?.bots !== 8 || (await item())?.name !== name) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await item()).include({ address: game, map: 'Blacktarn 1' });
    const query = await command('query', game);
    expect(query.stdout)
      .match(new RegExp(`^${name}\n`))
      .and.contain('Богдан')
      .and.contain('sv_gravity = 800');
    const list = await command('list', '--master', master);
    expect(list.stdout).match(new RegExp(`${game} +8/8 +\\d+ +rally +Blacktarn 1 +${name}`));
    const filter = ['--filter', '\\map\\de_nuke'];
    const filtered = await command('list', '--master', master, ...filter, '--json');
    expect(JSON.parse(filtered.stdout)).deep.equal([]);
    expect(await (await fetch(`http://${http}/plain`)).text()).contain(name);
  }).timeout(30_000);

  it('keeps what it writes to itself', () => {
    const data = join(folder.path, 'data');
    expect(statSync(data).mode & 0o777).equal(0o700);
    for (const file of readdirSync(data)) {
      expect(statSync(join(data, file)).mode & 0o077, file).equal(0);
    }
  });

  it('answers health to everybody and metrics to the admin', async () => {
    const { report, http } = demo as RunningDemo;
    expect((await fetch(`http://${http}/readyz`)).status).equal(200);
    const admin = report.endpoints.admin?.[0];
    const metrics = `http://127.0.0.1:${admin?.port}/metrics`;
    expect((await fetch(metrics)).status).equal(401);
    const top = await command('top', '--once', '--admin', `http://127.0.0.1:${admin?.port}`);
    expect(top.stdout).match(/^game: heaviest sources/m);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends with 0 within two seconds of ${signal} and frees its ports`, async () => {
      const { process, game } = demo as RunningDemo;
      const from = performance.now();
      const { code, stderr } = await process.kill(signal);
      expect(performance.now() - from).below(2000);
      expect(code, stderr).equal(0);
      const socket = createSocket('udp4');
      const port = Number(game.split(':')[1]);
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(port, '127.0.0.1', resolve);
      });
      socket.close();
    });
  }
});

describe('a game server that is stopped', () => {
  const folder = temporaryFolder();
  let demo: RunningDemo | undefined;
  let game: BeaconryProcess | undefined;
  afterEach(async () => {
    await game?.kill();
    await demo?.process.kill();
  });

  it('signs off at the master before it ends', async () => {
    demo = await startDemo(folder.path);
    const config = join(folder.path, 'game.yaml');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      config,
      `endpoints: { game: { udp: '127.0.0.1:0' } }
data: ./game-data
store: { driver: memory }
plugins: { game-server: {}, a2s: {}, heartbeat: { masters: ['${demo.master}'] } }
`,
    );
    game = new BeaconryProcess(['start', config], { cwd: folder.path });
    await game.ready();
    await listed(demo.http, 2);
    const { code } = await game.kill('SIGTERM');
    expect(code).equal(0);
    await listed(demo.http, 1);
  });
});
