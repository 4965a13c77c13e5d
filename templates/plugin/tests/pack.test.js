import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';

it('packs what runs and nothing else', () => {
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: new URL('..', import.meta.url),
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const [{ files }] = JSON.parse(printed);
  assert.deepEqual(files.map((/** @type {{ path: string }} */ file) => file.path).sort(), [
    'README.md',
    'greeting.js',
    'index.js',
    'package.json',
    'public.js',
  ]);
});
