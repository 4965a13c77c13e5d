import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { BeaconryProcess } from './beaconry-process.js';
import { temporaryFolder } from './temporary-folder.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

describe('the packed host', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let server: BeaconryProcess | undefined;
  afterEach(() => server?.kill());

  it('installed globally into an empty prefix, runs a plugin from a folder of its own', async function () {
    await run('npm', ['pack', '--pack-destination', folder.path], { cwd: ROOT });
    const [tarball] = readdirSync(folder.path).filter((name) => name.endsWith('.tgz'));
    const prefix = join(folder.path, 'prefix');
    try {
      await run('npm', [
        'install',
        '--global',
        '--prefix',
        prefix,
        '--prefer-offline',
        '--fetch-retries=0',
        '--ignore-scripts',
        join(folder.path, tarball as string),
      ]);
    } catch (error) {
      if (!/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|E403|E404/.test(String(error))) throw error;
      console.log('      skipped: needs a package registry');
      this.skip();
    }
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
    const packed = await run('tar', ['-tzf', join(folder.path, tarball as string)]);
    const files = packed.stdout.trim().split('\n');
    const strange = files.filter(
      (file) =>
        !/^package\/(dist\/(core|plugins|server-browser)\/|demo\/|fixtures\/rally\/|package\.json|README\.md|LICENSE|beaconry\.example\.yaml)/.test(
          file,
        ),
    );
    expect(strange).deep.equal([]);
  });
});
