import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { BeaconryProcess, startDemo } from './beaconry-process.js';
import { needsRegistry } from './needs-registry.js';
import { temporaryFolder } from './temporary-folder.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const offline = ['--prefer-offline', '--fetch-retries=0', '--ignore-scripts'];

describe('the packed host', function () {
  this.timeout(240_000);
  const folder = temporaryFolder();
  let packed = '';
  let tarball = '';
  let server: BeaconryProcess | undefined;
  before(async () => {
    packed = mkdtempSync(join(tmpdir(), 'beaconry-packed-'));
    await run(process.execPath, ['scripts/pack.mjs', packed], { cwd: ROOT });
    tarball = join(packed, readdirSync(packed).find((name) => name.endsWith('.tgz')) ?? '');
  });
  after(() => rmSync(packed, { recursive: true, force: true }));
  afterEach(() => server?.kill());

  /** Runs npm; false when what it needs is neither in its cache nor to be had. */
  async function npm(args: readonly string[], cwd: string): Promise<boolean> {
    try {
      await run('npm', [...args, ...offline], { cwd });
      return true;
    } catch (error) {
      if (!needsRegistry(error)) throw error;
      return false;
    }
  }

  it('has what is needed and nothing else, and says exactly which dependencies', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    const files = stdout.trim().split('\n');
    const known =
      /^package\/(dist\/(core|plugins|server-browser)\/|demo\/|templates\/|fixtures\/rally\/|(package\.json|npm-shrinkwrap\.json|README\.md|LICENSE|beaconry\.example\.yaml)$)/;
    expect(files.filter((file) => !known.test(file))).deep.equal([]);
    for (const name of [
      'npm-shrinkwrap.json',
      'dist/core/cli/main.js',
      'templates/plugin/gitignore',
    ]) {
      expect(files).include(`package/${name}`);
    }
    await run('tar', ['-xzf', tarball, '-C', folder.path, 'package/npm-shrinkwrap.json']);
    const { packages } = JSON.parse(
      readFileSync(join(folder.path, 'package/npm-shrinkwrap.json'), 'utf8'),
    ) as {
      packages: Record<string, { dev?: boolean; devDependencies?: unknown; integrity?: string }>;
    };
    const { '': own, ...others } = packages;
    expect(own?.devDependencies).equal(undefined);
    expect(Object.keys(others).length).greaterThan(20);
    for (const [path, { dev, integrity }] of Object.entries(others)) {
      expect(dev, path).equal(undefined);
      expect(integrity, path).match(/^sha512-/);
    }
  });

  it('installed into an empty folder: the demo is ready, and a new plugin is listed and green', async function () {
    writeFileSync(join(folder.path, 'package.json'), '{ "private": true }\n');
    if (!(await npm(['install', tarball], folder.path))) this.skip();
    const npx = async (...args: string[]) =>
      (await run('npx', ['--no-install', 'beaconry', ...args], { cwd: folder.path })).stdout;
    const main = join(folder.path, 'node_modules/.bin/beaconry');
    const demo = await startDemo(folder.path, main);
    server = demo.process;
    expect(new Set(Object.values(demo.report.plugins))).deep.equal(new Set(['running']));
    expect(await npx('new-plugin', 'last-seen')).contain(
      'last-seen: { use: ./last-seen/index.js }',
    );
    expect(await npx('plugins', 'last-seen/beaconry.yaml')).match(
      /last-seen +\.\/index\.js +greets/,
    );
    const plugin = join(folder.path, 'last-seen');
    // It has found the host beside it, so nothing was linked.
    expect(readdirSync(plugin)).not.include('node_modules');
    const tested = await run('npm', ['test'], {
      cwd: plugin,
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    expect(tested.stdout)
      .match(/pass 5/)
      .and.match(/fail 0/);
  });

  it('installed globally into an empty prefix, runs a plugin from a folder of its own', async function () {
    const prefix = join(folder.path, 'prefix');
    if (!(await npm(['install', '--global', '--prefix', prefix, tarball], folder.path)))
      this.skip();
    const etc = join(folder.path, 'etc', 'beaconry');
    mkdirSync(join(etc, 'mods'), { recursive: true });
    writeFileSync(
      join(etc, 'mods', 'motd.js'),
      `import { definePlugin } from 'beaconry';
import { Rules } from 'beaconry/plugins/rules';
export default definePlugin({
  name: 'motd', api: 1, requires: [Rules],
  config: { text: { doc: 'Shown in server browsers.', format: String, default: 'Welcome!' } },
  setup(context, config) { context.get(Rules).set('motd', config.text); },
});
`,
    );
    writeFileSync(
      join(etc, 'beaconry.yaml'),
      `endpoints: { game: { udp: '127.0.0.1:0' } }
plugins: { game-server: {}, rules: {}, a2s: {}, motd: { use: ./mods/motd.js, text: From etc } }
`,
    );
    const main = join(prefix, 'lib/node_modules/beaconry/dist/core/cli/main.js');
    server = new BeaconryProcess(['start', join(etc, 'beaconry.yaml')], { cwd: folder.path, main });
    const report = await server.ready();
    expect(report.plugins.motd).equal('running');
    const asked = await new BeaconryProcess(
      ['query', `127.0.0.1:${report.endpoints.game?.[0]?.port}`, '--json'],
      { cwd: folder.path, main },
    ).ended;
    expect(JSON.parse(asked.stdout).rules).deep.equal({ motd: 'From etc' });
  });
});
