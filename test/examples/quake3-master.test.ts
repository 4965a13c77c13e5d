import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { copyQuake3Package, linkDependencies, quake3Folder, root } from './quake3-package.js';

const run = promisify(execFile);
const publicFace = /^(?:beaconry|beaconry\/testing|beaconry\/plugins\/[a-z0-9-]+|node:[a-z/]+)$/;

/** What the files of a folder import, by file. */
function importsOf(folder: string): [file: string, specifier: string][] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => {
      const source = readFileSync(join(folder, name), 'utf8');
      const found = [
        ...source.matchAll(/^(?:import|export)\s[^'"`;]*?\bfrom\s+'([^']+)'/gm),
        ...source.matchAll(/\bimport\s*\(?\s*'([^']+)'/g),
      ];
      return found.map(([, specifier]): [string, string] => [name, String(specifier)]);
    });
}

describe('the package beaconry-quake3-master', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let running: BeaconryProcess | undefined;
  afterEach(async () => {
    await running?.kill();
    running = undefined;
  });

  it('imports nothing of the host but its public face', () => {
    const imports = [...importsOf(quake3Folder), ...importsOf(join(quake3Folder, 'tests'))];
    expect(imports.length).greaterThan(10);
    for (const [file, specifier] of imports) {
      expect(specifier, file).match(/^\.\.?\/[a-z0-9-]+\.js$/.test(specifier) ? /./ : publicFace);
    }
    const manifest = JSON.parse(readFileSync(join(quake3Folder, 'package.json'), 'utf8'));
    expect(manifest).not.have.any.keys('dependencies', 'devDependencies');
    expect(manifest.peerDependencies).have.all.keys('beaconry');
    expect(manifest.keywords).include('beaconry-plugin');
  });

  it('passes its own tests and the type checker with nothing but the host beside it', async () => {
    copyQuake3Package(folder.path);
    const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
    const compiler = join(typescript, '../bin/tsc');
    await run(process.execPath, [compiler, '-p', 'jsconfig.json'], { cwd: folder.path });
    const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap'], {
      cwd: folder.path,
      // The runner of a surrounding `node --test` must not take these results for its own.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    expect(stdout).match(/^# pass [1-9]\d+$/m);
    expect(stdout).match(/^# fail 0$/m);
  });

  it('is packed, installed beside a packed host into an empty folder, and runs there', async () => {
    const modules = join(folder.path, 'node_modules');
    for (const [name, source] of [
      ['beaconry', root],
      ['beaconry-quake3-master', quake3Folder],
    ] as const) {
      mkdirSync(join(modules, name), { recursive: true });
      const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder.path];
      const { stdout } = await run('npm', packing, { cwd: source });
      const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
      const unpacked = join(modules, name);
      await run('tar', [
        '-xzf',
        join(folder.path, filename),
        '--strip-components=1',
        '-C',
        unpacked,
      ]);
    }
    linkDependencies(modules);
    writeFileSync(
      join(folder.path, 'beaconry.yaml'),
      `endpoints: { master: { udp: '127.0.0.1:0' }, http: { http: '127.0.0.1:0' } }
plugins: { master: {}, browser: {}, quake3: { use: beaconry-quake3-master } }
`,
    );
    running = new BeaconryProcess(['start'], {
      cwd: folder.path,
      main: join(modules, 'beaconry/dist/core/cli/main.js'),
    });
    const { plugins } = await running.ready();
    expect(plugins).deep.equal({ master: 'running', browser: 'running', quake3: 'running' });
    expect(readdirSync(join(modules, 'beaconry-quake3-master')).sort()).deep.equal([
      'README.md',
      'index.js',
      'package.json',
      'quake3-codec.js',
      'server-list.js',
      'server-table.js',
    ]);
  });
});
