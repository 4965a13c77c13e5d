import { createSocket } from 'node:dgram';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { BeaconryProcess } from './beaconry-process.js';
import { temporaryFolder } from './temporary-folder.js';

const MOTD = `import { definePlugin } from 'beaconry';
import { Rules } from 'beaconry/plugins/rules';

export default definePlugin({
  name: 'motd',
  api: 1,
  requires: [Rules],
  config: { text: { doc: 'Shown in server browsers.', format: String, default: 'Welcome!' } },
  setup(context, config) {
    context.get(Rules).set('motd', config.text);          // config.text is a string, inferred from the schema
  },
});
`;

describe('beaconry start', () => {
  const folder = temporaryFolder();
  let running: BeaconryProcess | undefined;
  const run = (...args: string[]) => {
    running = new BeaconryProcess(args, { cwd: folder.path });
    return running;
  };
  const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text);
  afterEach(async () => {
    await running?.kill();
  });

  it('names init and demo when there is no configuration, and exits 78', async () => {
    const { code, stderr } = await run('start').ended;
    expect(code).equal(78);
    expect(stderr)
      .match(/beaconry init/)
      .and.match(/beaconry demo/);
  });

  it('prints every problem with line and column, exits 78 and binds nothing', async () => {
    write(
      'beaconry.yaml',
      [
        'endpoints:',
        '  game: { udp: 127.0.0.1:99999 }',
        'store: { driver: paper }',
        'plugins:',
        '  rules: { value: {} }',
        '  game-server: { secure: no, maxPlayers: many }',
        '  motd: { use: ./missing.js }',
        '  nothing-like-it: {}',
        '',
      ].join('\n'),
    );
    const { code, stderr, stdout } = await run('start').ended;
    expect(code).equal(78);
    expect(stdout).equal('');
    const places = stderr.match(/^beaconry\.yaml:\d+:\d+: [^:]+/gm);
    expect(places).deep.equal([
      'beaconry.yaml:2:16: endpoints.game.udp',
      'beaconry.yaml:3:18: store.driver',
      'beaconry.yaml:5:12: plugins.rules.value',
      'beaconry.yaml:6:26: plugins.game-server.secure',
      'beaconry.yaml:6:42: plugins.game-server.maxPlayers',
      'beaconry.yaml:7:3: plugins.motd',
      'beaconry.yaml:8:3: plugins.nothing-like-it',
    ]);
    expect(existsSync(join(folder.path, 'data'))).equal(false);
  });

  it('runs a plugin from a folder that has no node_modules above it', async () => {
    mkdirSync(join(folder.path, 'mods'));
    write('mods/motd.js', MOTD);
    write(
      'beaconry.yaml',
      `endpoints: { game: { udp: '127.0.0.1:0' } }
plugins: { rules: {}, game-server: {}, a2s: {}, motd: { use: ./mods/motd.js, text: Hi } }
`,
    );
    const report = await run('start', '--ready-file', 'ready.json').ready();
    expect(report.plugins).deep.equal({
      rules: 'running',
      'game-server': 'running',
      a2s: 'running',
      motd: 'running',
    });
    expect(JSON.parse(readFileSync(join(folder.path, 'ready.json'), 'utf8'))).deep.equal(report);
    const address = `127.0.0.1:${report.endpoints.game?.[0]?.port}`;
    const asked = await new BeaconryProcess(['query', address, '--json']).ended;
    expect(JSON.parse(asked.stdout).rules).deep.equal({ motd: 'Hi' });
  });

  it('names a plugin whose setup throws, undoes it and exits 78', async () => {
    write(
      'failing.js',
      `import { definePlugin } from 'beaconry';
export default definePlugin({ name: 'failing', api: 1, setup() { throw new Error('no disk'); } });
`,
    );
    write('beaconry.yaml', 'plugins: { failing: { use: ./failing.js } }\n');
    const { code, stderr } = await run('start').ended;
    expect(code).equal(78);
    expect(stderr).contain('plugin failing: no disk');
  });

  it('says which port is taken and how to go on, and exits 1', async () => {
    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
    try {
      const { port } = taken.address();
      write(
        'beaconry.yaml',
        `endpoints: { game: { udp: '127.0.0.1:${port}' } }\nplugins: { rules: {} }\n`,
      );
      const { code, stderr } = await run('start').ended;
      expect(code).equal(1);
      expect(stderr).match(/endpoint game: cannot bind udp .* another program holds this port/);
    } finally {
      taken.close();
    }
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends with exit code 0 on ${signal} and frees its ports`, async () => {
      write(
        'beaconry.yaml',
        `endpoints: { game: { udp: '127.0.0.1:0' } }\nplugins: { rules: {} }\n`,
      );
      const process = run('start');
      const report = await process.ready();
      const { code } = await process.kill(signal);
      expect(code).equal(0);
      const again = createSocket('udp4');
      await new Promise<void>((resolve, reject) => {
        again.once('error', reject);
        again.bind(report.endpoints.game?.[0]?.port ?? 0, '127.0.0.1', resolve);
      });
      again.close();
    });
  }

  it('ends with exit code 0 in time although a plugin is still being set up', async () => {
    write(
      'slow.js',
      `import { definePlugin } from 'beaconry';
export default definePlugin({
  name: 'slow',
  api: 1,
  setup() {
    console.error('setting up');
    return new Promise(() => {});
  },
});
`,
    );
    write('beaconry.yaml', 'plugins: { slow: { use: ./slow.js } }\n');
    const process = run('start');
    await process.logged(/setting up/);
    const asked = performance.now();
    const { code, stderr } = await process.kill('SIGTERM');
    expect([code, stderr]).deep.equal([0, 'setting up\n']);
    expect(performance.now() - asked).lessThan(2000);
  });

  it('names a configuration file that is not there, for the list of plugins too', async () => {
    const { code, stderr } = await run('plugins', 'nowhere.yaml').ended;
    expect(code).equal(78);
    expect(stderr).contain('no such configuration file: nowhere.yaml');
  });

  it('exits 78 when no restart can help the store', async () => {
    write('beaconry.yaml', 'store: { driver: redis }\nplugins: { rules: {} }\n');
    const { code, stderr } = await run('start').ended;
    expect(code).equal(78);
    expect(stderr).contain('store.url');
  });

  it('takes a changed section on SIGHUP and names what needs a restart', async () => {
    const config = (motd: string, port: string) =>
      `endpoints: { game: { udp: '127.0.0.1:${port}' } }
plugins: { rules: { values: { motd: ${motd} } }, game-server: {}, a2s: {} }
`;
    write('beaconry.yaml', config('one', '0'));
    const process = run('start');
    const report = await process.ready();
    write('beaconry.yaml', config('two', '1'));
    process.signal('SIGHUP');
    await process.logged(/restart needed for: settings outside/);
    const address = `127.0.0.1:${report.endpoints.game?.[0]?.port}`;
    const asked = await new BeaconryProcess(['query', address, '--json']).ended;
    expect(JSON.parse(asked.stdout).rules).deep.equal({ motd: 'two' });
    write('beaconry.yaml', 'plugins: { rules: [] }\n');
    process.signal('SIGHUP');
    await process.logged(/nothing changed/);
  });

  it('checks a configuration without binding anything', async () => {
    write('beaconry.yaml', `plugins: { a2s: {}, rules: {}, game-server: {} }\n`);
    const bad = await run('check-config').ended;
    expect(bad.code).equal(78);
    expect(bad.stderr).match(/plugins\.a2s.*game/s);
    write(
      'beaconry.yaml',
      `endpoints: { game: { udp: '127.0.0.1:27015' } }\nplugins: { a2s: {}, rules: {}, game-server: {} }\n`,
    );
    const good = await run('check-config').ended;
    expect(good.code).equal(0);
    expect(good.stdout).contain('plugins in order: rules, game-server, a2s');
  });

  it('exits 2 on wrong arguments', async () => {
    const { code, stderr } = await run('start', '--nonsense').ended;
    expect(code).equal(2);
    expect(stderr).contain('--nonsense');
  });
});
