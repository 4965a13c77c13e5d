import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServerError } from '../errors.js';
import { packageInfo, packageRoot } from '../package-info.js';
import { bundledPlugins } from '../plugin-loader.js';

export interface NewPluginOptions {
  /** Folder that the plugin's own folder is made in. */
  readonly parent: string;
  readonly language: 'javascript' | 'typescript';
}

export interface WrittenPlugin {
  readonly folder: string;
  /** Paths below the folder. */
  readonly files: readonly string[];
  /** `beaconry` could not be found from there, so it was linked to this host. */
  readonly linked: boolean;
}

/** The longest that a command or a metric can bear. */
const longestName = 40;

/**
 * Copies the template, which is itself a plugin that works, under another name.
 * Errors `USAGE` for a name that no plugin can have, `EXISTS` for a folder that is there already.
 */
export function newPlugin(name: string, { parent, language }: NewPluginOptions): WrittenPlugin {
  checkName(name);
  const folder = join(parent, name);
  if (existsSync(folder)) {
    throw new ServerError('EXISTS', `${folder} exists and is left as it is; choose another name`);
  }
  const template = fileURLToPath(
    new URL(
      language === 'typescript' ? 'templates/plugin-typescript/' : 'templates/plugin/',
      packageRoot,
    ),
  );
  const files = filesBelow(template);
  for (const file of files) {
    const target = join(folder, targetOf(file));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, renamed(readFileSync(join(template, file), 'utf8'), name));
  }
  const linked = !isInstalledAbove(folder);
  if (linked) {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    symlinkSync(
      fileURLToPath(packageRoot).replace(/[\\/]$/, ''),
      join(folder, 'node_modules', packageInfo.name),
      'junction',
    );
  }
  return { folder, files: files.map(targetOf), linked };
}

function checkName(name: string): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > longestName) {
    throw new ServerError(
      'USAGE',
      `"${name}" cannot be the name of a plugin: lower-case letters and digits, joined by "-", at most ${longestName}, such as last-seen`,
    );
  }
  if (bundledPlugins().has(name)) {
    throw new ServerError(
      'USAGE',
      `"${name}" is a bundled plugin; choose another name, such as my-${name}`,
    );
  }
}

/** npm packs no file of the name .gitignore. */
const targetOf = (file: string): string => file.replace(/^gitignore$/, '.gitignore');

function filesBelow(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = below === '' ? name : `${below}/${name}`;
    return statSync(join(folder, path)).isDirectory() ? filesBelow(folder, path) : [path];
  });
}

function renamed(text: string, name: string): string {
  const words = name.split('-');
  const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return text
    .replaceAll('new-plugin-name', name)
    .replaceAll('NewPluginName', pascal)
    .replaceAll('HOST_VERSION', packageInfo.version);
}

/** Whether `import 'beaconry'` finds a package from there, as Node looks for it. */
function isInstalledAbove(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'node_modules', packageInfo.name, 'package.json'))) return true;
    if (at === dirname(at)) return false;
  }
}
