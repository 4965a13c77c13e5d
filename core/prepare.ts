import { ConfigFile, type ConfigSource } from './config/config-file.js';
import { ConfigError, messageOf, type Problem } from './errors.js';
import type { Plugin } from './plugin.js';
import type { LoadedPlugin } from './plugin-host.js';
import { loadPlugin } from './plugin-loader.js';
import { type NamedPlugin, orderPlugins } from './plugin-order.js';

/** A configuration that is right, with its plugins in set-up order; nothing was bound or opened. */
export interface Prepared {
  readonly file: ConfigFile;
  readonly plugins: readonly LoadedPlugin[];
}

/** Plugins by the name that `use` gives, in place of files; for tests. */
export type PluginsAtHand = Readonly<Record<string, Plugin>>;

/**
 * Reads the file, loads the modules of its plugins, checks every section and finds the order.
 * Throws one ConfigError with all problems.
 */
export async function prepare(source: ConfigSource, atHand: PluginsAtHand = {}): Promise<Prepared> {
  const file = ConfigFile.open(source);
  const loaded: (LoadedPlugin & NamedPlugin)[] = [];
  for (const entry of file.plugins) {
    try {
      const given = Object.hasOwn(atHand, entry.use) ? atHand[entry.use] : undefined;
      const plugin = given ?? (await loadPlugin(entry.use, file.folder));
      const config = file.section(entry.name, plugin.config ?? {});
      loaded.push({ name: entry.name, plugin, config, onFailure: entry.onFailure });
    } catch (error) {
      file.report(entry.name, messageOf(error));
    }
  }
  file.finish();
  const problems: Problem[] = file.problems;
  let plugins: readonly LoadedPlugin[] = loaded;
  // A plugin that could not be loaded makes others look as if they lacked a service.
  if (loaded.length === file.plugins.length) {
    try {
      plugins = orderPlugins(loaded);
    } catch (error) {
      for (const message of messageOf(error).split('\n')) {
        problems.push({ place: file.path, path: 'plugins', message });
      }
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { file, plugins };
}
