import type { PluginHost } from './plugin-host.js';
import type { Prepared } from './prepare.js';

/** Which sections of the configuration a running node has taken, and what a changed file would still need. */
export class ConfigReload {
  /** Sections that were taken while running. */
  readonly #taken = new Map<string, string>();

  constructor(
    private readonly before: Prepared['file'],
    private readonly host: PluginHost,
  ) {}

  /** Hands changed sections to plugins with `onReload`; returns what needs a restart. */
  apply(next: Prepared): string[] {
    const { before } = this;
    const waiting: string[] = [];
    if (next.file.coreText() !== before.coreText()) waiting.push('settings outside "plugins"');
    const names = new Set([...before.plugins, ...next.file.plugins].map(({ name }) => name));
    for (const name of names) {
      const text = next.file.sectionText(name);
      if (text === (this.#taken.get(name) ?? before.sectionText(name))) continue;
      const loaded = next.plugins.find((plugin) => plugin.name === name);
      const taken = loaded !== undefined && this.host.reload(name, loaded.config);
      if (taken) this.#taken.set(name, text);
      else waiting.push(`plugins.${name}`);
    }
    return waiting;
  }
}
