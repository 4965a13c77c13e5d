import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Figure, lineOf } from './report.js';

/**
 * Runs every benchmark of this folder, or those that are named: `npm run bench -- a2s --quick`. Prints one table
 * and writes it to `bench/results.json`.
 */
const folder = fileURLToPath(new URL('.', import.meta.url));
const results = fileURLToPath(new URL('../../bench/results.json', import.meta.url));
const args = process.argv.slice(2);
const named = args.filter((arg) => !arg.startsWith('-'));
const options = args.filter((arg) => arg.startsWith('-'));
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.js'))
  .map((file) => file.slice(0, -'.bench.js'.length))
  .sort();

const benches: Record<string, Figure[]> = {};
const failed: string[] = [];
for (const name of named.length > 0 ? named : all) {
  console.log(`== ${name}`);
  const figures: Figure[] = [];
  const child = fork(`${folder}${name}.bench.js`, options, { execArgv: ['--enable-source-maps'] });
  child.on('message', (message) => figures.push(...(message as Figure[])));
  const [status] = await once(child, 'exit');
  if (status !== 0) failed.push(name);
  benches[name] = figures;
}
for (const [name, figures] of Object.entries(benches)) {
  console.log(`\n${name}`);
  for (const figure of figures) console.log(`  ${lineOf(figure)}`);
}
writeFileSync(
  results,
  `${JSON.stringify(
    {
      node: process.version,
      kernel: release(),
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      options,
      failed,
      benches,
    },
    undefined,
    2,
  )}\n`,
);
if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
