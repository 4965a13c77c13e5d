// Packs what `npm pack` would, with a shrinkwrap of run-time dependencies, so that operators run what was tested.
// Packs a copy: nothing is written beside the sources. Usage: node scripts/pack.mjs [DESTINATION]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const destination = resolve(process.argv[2] ?? '.');
const npm = (args, cwd) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });

const [{ files }] = JSON.parse(npm(['pack', '--dry-run', '--json', '--ignore-scripts'], root));
const staging = mkdtempSync(join(tmpdir(), 'beaconry-pack-'));
try {
  for (const { path } of files) {
    mkdirSync(dirname(join(staging, path)), { recursive: true });
    cpSync(join(root, path), join(staging, path));
  }
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const isOfDevelopment = ({ dev, devOptional }) => dev === true || devOptional === true;
  const packages = Object.entries(lock.packages)
    // npm marks a folder as one of development, but not the link to it.
    .filter(([, entry]) => !isOfDevelopment(entry.link ? lock.packages[entry.resolved] : entry))
    .map(([path, { devDependencies: _, ...entry }]) => [path, entry]);
  writeFileSync(
    join(staging, 'npm-shrinkwrap.json'),
    `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`,
  );
  process.stdout.write(
    npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', destination], staging),
  );
} finally {
  rmSync(staging, { recursive: true, force: true });
}
