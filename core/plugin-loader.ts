import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import semver from 'semver';
import { messageOf, ServerError } from './errors.js';
import { packageInfo, packageRoot } from './package-info.js';
import type { Plugin } from './plugin.js';

const PLUGIN_FACE = './plugins/';

/** Names and entry files of the bundled plugins, from the exports of the package. */
export function bundledPlugins(): ReadonlyMap<string, URL> {
  const entries = new Map<string, URL>();
  const folder = new URL('dist/plugins/', packageRoot);
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    entries.set(name, new URL(`${name}/index.js`, folder));
  }
  for (const [path, target] of Object.entries(packageInfo.exports)) {
    if (!path.startsWith(PLUGIN_FACE) || path.includes('*')) continue;
    const file = typeof target === 'string' ? target : target.default;
    entries.set(
      path.slice(PLUGIN_FACE.length),
      new URL(file.replace(/public\.js$/, 'index.js'), packageRoot),
    );
  }
  for (const [name, url] of entries) if (!existsSync(url)) entries.delete(name);
  return new Map([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Loads what `use` names: a bundled plugin, a path relative to the configuration file, or an npm package. */
export async function loadPlugin(use: string, configFolder: string): Promise<Plugin> {
  const bundled = bundledPlugins().get(use);
  if (bundled !== undefined) return pluginOf(await import(bundled.href), use);
  resolveToRunningHost();
  const specifier =
    use.startsWith('.') || use.startsWith('/') || /^[A-Za-z]:\\/.test(use)
      ? pathSpecifier(resolve(configFolder, use), use)
      : packageSpecifier(use, configFolder);
  try {
    return pluginOf(await import(specifier), use);
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    throw new ServerError('PLUGIN_LOAD', `plugin "${use}" cannot be loaded: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function pathSpecifier(path: string, use: string): string {
  if (/\.[cm]?tsx?$/.test(path)) {
    throw new ServerError(
      'PLUGIN_TYPESCRIPT',
      `plugin "${use}" is TypeScript, which Node does not run: compile it (npx tsc ${use} --module nodenext) and name the .js file`,
    );
  }
  if (!existsSync(path))
    throw new ServerError('PLUGIN_MISSING', `plugin "${use}": no file ${path}`);
  return pathToFileURL(path).href;
}

function packageSpecifier(use: string, configFolder: string): string {
  const manifest = findManifest(use, configFolder) ?? findManifest(use, process.cwd());
  if (manifest === undefined) {
    throw new ServerError(
      'PLUGIN_MISSING',
      `plugin "${use}" is neither bundled (${[...bundledPlugins().keys()].join(', ')}) nor installed beside ` +
        `${configFolder}; a file of your own is named by its path, such as use: ./mods/${use}.js`,
    );
  }
  const wanted = manifest.peers;
  if (
    wanted !== undefined &&
    !semver.satisfies(packageInfo.version, wanted, { includePrerelease: true })
  ) {
    throw new ServerError(
      'PLUGIN_PEER',
      `plugin "${use}" is made for beaconry ${wanted}, this is ${packageInfo.version}: install a version of it that fits`,
    );
  }
  return `${PACKAGE_SCHEME}${encodeURIComponent(pathToFileURL(`${manifest.from}/`).href)}!${use}`;
}

/** The manifest of an installed package, looked for in `node_modules` from a folder upwards, as Node does. */
function findManifest(
  name: string,
  from: string,
): { from: string; peers: string | undefined } | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const file = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(file)) {
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as {
        peerDependencies?: Record<string, string>;
      };
      return { from: folder, peers: manifest.peerDependencies?.[packageInfo.name] };
    }
    if (folder === dirname(folder)) return undefined;
  }
}

function pluginOf(module: { default?: unknown }, use: string): Plugin {
  const plugin = module.default as Partial<Plugin> | undefined;
  if (typeof plugin?.setup !== 'function' || typeof plugin.name !== 'string') {
    throw new ServerError(
      'NOT_A_PLUGIN',
      `"${use}" does not export a plugin: write "export default definePlugin({ name, api: 1, setup(context) { … } })"`,
    );
  }
  if (plugin.api !== 1) {
    throw new ServerError(
      'PLUGIN_API',
      `plugin "${use}" is written for api ${String(plugin.api)}, this host offers api 1`,
    );
  }
  return plugin as Plugin;
}

const PACKAGE_SCHEME = 'beaconry-package:';
let hooked = false;

/**
 * From now on `beaconry` and `beaconry/*` resolve to this host wherever the importing file lies, so that a
 * plugin in `/etc` works and a second copy of the package can never bring tokens that do not match.
 */
function resolveToRunningHost(): void {
  if (hooked) return;
  hooked = true;
  const own = import.meta.url;
  const code = resolveHook.toString();
  if ('registerHooks' in nodeModule && typeof nodeModule.registerHooks === 'function') {
    const registerHooks = nodeModule.registerHooks as (hooks: { resolve: unknown }) => void;
    registerHooks({
      resolve: (specifier: string, context: object, next: (s: string, c: object) => unknown) =>
        resolveHook(own, PACKAGE_SCHEME, packageInfo.name, specifier, context, next),
    });
    return;
  }
  const source = `let data; export const initialize = (given) => { data = given; };
    const resolveHook = ${code.startsWith('function') ? code : `function ${code}`};
    export const resolve = (specifier, context, next) =>
      resolveHook(data.own, data.scheme, data.name, specifier, context, next);`;
  nodeModule.register(`data:text/javascript,${encodeURIComponent(source)}`, {
    parentURL: own,
    data: { own, scheme: PACKAGE_SCHEME, name: packageInfo.name },
  });
}

/** Must not use anything but its arguments: Node 20 runs its text in a thread of its own. */
function resolveHook(
  own: string,
  scheme: string,
  name: string,
  specifier: string,
  context: object,
  next: (specifier: string, context: object) => unknown,
): unknown {
  if (specifier === name || specifier.startsWith(`${name}/`)) {
    return next(specifier, { ...context, parentURL: own });
  }
  if (specifier.startsWith(scheme)) {
    const split = specifier.indexOf('!');
    const parentURL = decodeURIComponent(specifier.slice(scheme.length, split));
    return next(specifier.slice(split + 1), { ...context, parentURL });
  }
  return next(specifier, context);
}
