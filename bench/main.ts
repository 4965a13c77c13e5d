import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Runs every benchmark of this folder, or those that are named: `npm run bench -- a2s --quick`. */
const folder = fileURLToPath(new URL('.', import.meta.url));
const args = process.argv.slice(2);
const named = args.filter((arg) => !arg.startsWith('-'));
const options = args.filter((arg) => arg.startsWith('-'));
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.js'))
  .map((file) => file.slice(0, -'.bench.js'.length))
  .sort();

let failed = 0;
for (const name of named.length > 0 ? named : all) {
  console.log(`== ${name}`);
  const { status } = spawnSync(
    process.execPath,
    ['--enable-source-maps', `${folder}${name}.bench.js`, ...options],
    { stdio: 'inherit' },
  );
  if (status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
