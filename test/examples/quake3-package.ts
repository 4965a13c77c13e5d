import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const quake3Folder = join(root, 'examples/quake3-master');

/** The package in a folder of its own, with nothing but the host and types of Node beside it. */
export function copyQuake3Package(folder: string): void {
  cpSync(quake3Folder, folder, {
    recursive: true,
    filter: (source) => !source.includes('node_modules', quake3Folder.length),
  });
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/beaconry'), 'junction');
  symlinkSync(
    join(root, 'node_modules/@types/node'),
    join(folder, 'node_modules/@types/node'),
    'junction',
  );
}

/** Links every installed package into another `node_modules`, as if it had been installed there. */
export function linkDependencies(modules: string): void {
  const installed = join(root, 'node_modules');
  for (const name of readdirSync(installed)) {
    if (name.startsWith('.') || name === 'beaconry') continue;
    symlinkSync(join(installed, name), join(modules, name), 'junction');
  }
}
