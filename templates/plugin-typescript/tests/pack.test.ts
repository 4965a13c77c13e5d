import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';

it('packs what runs and nothing else', () => {
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const [{ files }] = JSON.parse(printed) as [{ files: { path: string }[] }];
  assert.deepEqual(files.map(({ path }) => path).sort(), [
    'README.md',
    'dist/source/greeting.d.ts',
    'dist/source/greeting.js',
    'dist/source/index.d.ts',
    'dist/source/index.js',
    'dist/source/public.d.ts',
    'dist/source/public.js',
    'package.json',
  ]);
});
