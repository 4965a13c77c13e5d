import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const deployFile = (path: string): string =>
  readFileSync(join(root, 'deploy', path), 'utf8');

/** Settings of a unit of systemd, by `Section.Key`; the last one counts. */
export function unitSettings(path: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  let section = '';
  for (const line of deployFile(path).split('\n')) {
    const head = /^\[(\w+)\]$/.exec(line)?.[1];
    if (head !== undefined) section = head;
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined) settings.set(`${section}.${key}`, value ?? '');
  }
  return settings;
}
