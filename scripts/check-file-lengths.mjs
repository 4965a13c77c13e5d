// Refuses hand-written source files that are too long. `check-file-lengths.mjs [ROOT]`; exit code 1 names them all.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const MOST_LINES = 250;
const FOLDERS = ['core', 'plugins', 'server-browser'];
const isSource = (name) => /\.(ts|tsx|js|mjs|css)$/.test(name) && !/_pb\.ts$/.test(name);

function* sourcesBelow(root, folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'dist') yield* sourcesBelow(root, path);
    } else if (isSource(entry.name)) yield path;
  }
}

const linesOf = (text) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);

const root = resolve(process.argv[2] ?? '.');
let isGood = true;
for (const path of FOLDERS.flatMap((folder) => [...sourcesBelow(root, folder)])) {
  const lines = linesOf(readFileSync(join(root, path), 'utf8'));
  if (lines <= MOST_LINES) continue;
  isGood = false;
  console.error(
    `${path} has ${lines} lines, ${lines - MOST_LINES} too many: take something with a name of its own out ` +
      'of it, into a file with that name',
  );
}
process.exitCode = isGood ? 0 : 1;
