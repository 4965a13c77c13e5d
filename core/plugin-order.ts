import { ServerError } from './errors.js';
import type { Plugin } from './plugin.js';
import { nameOf } from './plugin-container.js';

/** A plugin under the name that the configuration gives it. */
export interface NamedPlugin {
  readonly name: string;
  readonly plugin: Plugin;
}

/** Providers before users, otherwise as in the file. Throws one error that names everything wrong. */
export function orderPlugins<T extends NamedPlugin>(plugins: readonly T[]): T[] {
  const problems: string[] = [];
  const providers = new Map<symbol, T>();
  for (const entry of plugins) {
    for (const token of entry.plugin.provides ?? []) {
      const other = providers.get(token);
      if (other === undefined) providers.set(token, entry);
      else {
        problems.push(
          `plugins ${other.name} and ${entry.name} both provide ${nameOf(token)}; enable only one of them`,
        );
      }
    }
  }
  for (const { name, plugin } of plugins) {
    for (const token of plugin.requires ?? []) {
      if (!providers.has(token)) {
        problems.push(`${name} requires ${nameOf(token)}, which no enabled plugin provides`);
      }
    }
  }
  const order: T[] = [];
  const state = new Map<T, 'visiting' | 'done'>();
  const visit = (entry: T, path: readonly string[]): void => {
    if (state.get(entry) === 'done') return;
    if (state.get(entry) === 'visiting') {
      const circle = [...path.slice(path.indexOf(entry.name)), entry.name];
      problems.push(`plugins need each other in a circle: ${circle.join(' -> ')}`);
      return;
    }
    state.set(entry, 'visiting');
    for (const token of [...(entry.plugin.requires ?? []), ...(entry.plugin.optional ?? [])]) {
      const provider = providers.get(token);
      if (provider !== undefined && provider !== entry) visit(provider, [...path, entry.name]);
    }
    state.set(entry, 'done');
    order.push(entry);
  };
  for (const entry of plugins) visit(entry, []);
  if (problems.length > 0) throw new ServerError('PLUGIN_ORDER', problems.join('\n'));
  return order;
}
