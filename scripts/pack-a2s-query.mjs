// Packs server-browser/a2s-query as a package of its own: its compiled files, and the three files of core that
// it imports, with their paths rewritten. Usage, after a build: node scripts/pack-a2s-query.mjs [FOLDER]
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'server-browser/a2s-query');
const compiled = join(root, 'dist/server-browser/a2s-query');
const core = join(root, 'dist/core/net');
const bundled = ['byte-reader', 'byte-writer', 'decode-error'];
const target = resolve(process.argv[2] ?? '.');

/** Copies a compiled file; source maps are left behind, since the sources are not in the package. */
function copy(from, to) {
  const text = readFileSync(from, 'utf8')
    .replaceAll('../../core/net/', './core/')
    .replace(/^\/\/# sourceMappingURL=.*\n?/m, '');
  const strange = /from '(\.\.\/[^']*)'/.exec(text);
  if (strange) throw new Error(`${from} imports ${strange[1]}, which is not in the package`);
  writeFileSync(to, text);
}

const staging = mkdtempSync(join(tmpdir(), 'a2s-query-'));
try {
  mkdirSync(join(staging, 'core'));
  for (const name of readdirSync(compiled).filter((name) => /\.(js|d\.ts)$/.test(name))) {
    copy(join(compiled, name), join(staging, name));
  }
  for (const name of bundled.flatMap((name) => [`${name}.js`, `${name}.d.ts`])) {
    copy(join(core, name), join(staging, 'core', name));
  }
  for (const name of ['package.json', 'README.md']) cpSync(join(source, name), join(staging, name));
  cpSync(join(root, 'LICENSE'), join(staging, 'LICENSE'));
  mkdirSync(target, { recursive: true });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const packed = spawnSync(
    npm,
    ['pack', '--ignore-scripts', '--json', '--pack-destination', target],
    {
      cwd: staging,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    },
  );
  if (packed.status !== 0) throw new Error(packed.stderr);
  process.stdout.write(`${join(target, JSON.parse(packed.stdout)[0].filename)}\n`);
} finally {
  rmSync(staging, { recursive: true, force: true });
}
