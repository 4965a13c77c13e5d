import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError, formatProblem, messageOf, type Problem, ServerError } from '../errors.js';
import {
  type ConfigMap,
  type ConfigNode,
  canonicalText,
  emptyMap,
  isNull,
  nodeAt,
  type Place,
  type PlacedProblem,
  type Report,
  withEntries,
} from './config-node.js';
import { Overrides } from './overrides.js';
import { type ConfigOf, isLeaf, type Section } from './schema.js';
import { readSection } from './section.js';
import { endpointProtocols, type ServerConfig, toServerConfig } from './server-config.js';
import { KEY_PATTERN, pluginHostSchema, serverSchema } from './server-schema.js';
import { readYaml } from './yaml-reader.js';

const MAX_FILE = 1 << 20;

export interface ConfigSource {
  /** The file to read; with `text` only a name for messages, and the folder of relative paths. */
  readonly path?: string;
  /** The configuration itself, in place of a file. */
  readonly text?: string;
  /** Nothing is read from the environment without it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `path=value`, such as `endpoints.game.udp=127.0.0.1:0`; the last word. */
  readonly set?: readonly string[];
}

export interface PluginEntry {
  /** Key in the file. */
  readonly name: string;
  /** Bundled name, npm package or path relative to the file; the key itself unless `use` says otherwise. */
  readonly use: string;
  readonly onFailure: 'stop' | 'continue';
}

/**
 * One configuration: default < file < environment < `--set`. Core's keys are read at once, a plugin's
 * when its schema is known. Problems are collected and never thrown, except when nothing can be read.
 */
export class ConfigFile {
  /** Absolute. */
  readonly path: string;
  /** Relative paths in the file start here. */
  readonly folder: string;
  /** Keys of core; a wrong one has its default. */
  readonly server: ServerConfig;
  /** In the order of the file. */
  readonly plugins: readonly PluginEntry[];
  readonly #coreProblems: PlacedProblem[] = [];
  readonly #sectionProblems = new Map<string, PlacedProblem[]>();
  readonly #finalProblems: PlacedProblem[] = [];
  readonly #overrides: Overrides;
  #root: ConfigMap;

  private constructor(source: ConfigSource, display: string, text: string) {
    this.path = resolve(source.path ?? 'beaconry.yaml');
    this.folder = dirname(this.path);
    const placeAt = (line: number, column: number): Place => ({
      text: `${display}:${line}:${column}`,
      order: line * 2 ** 21 + column,
    });
    const { root, unreadable, problems } = readYaml(text, placeAt);
    if (unreadable) throw new ConfigError(problems.map(toProblem));
    this.#coreProblems.push(...problems);
    const report = reportTo(this.#coreProblems);
    const start = placeAt(1, 1);
    if (root !== undefined && root.kind !== 'map' && !isNull(root)) {
      report(root.place, '', 'must be a mapping, with endpoints and plugins');
    }
    this.#root = root?.kind === 'map' ? root : emptyMap(start);
    this.#overrides = new Overrides(source.env ?? {}, source.set ?? [], this.folder, report);
    this.#root = this.#overrides.apply(this.#root, serverSchema, [], this.#root, report, true);
    const options = { path: '', place: start, alsoKnown: ['plugins'] };
    const core = readSection(serverSchema, this.#root, options);
    this.#coreProblems.push(...core.problems);
    this.server = toServerConfig(core.config, this.#root, this.folder, report);
    this.plugins = this.#readPlugins(report);
  }

  /** @throws ConfigError when the file cannot be read, or is no YAML. */
  static open(source: ConfigSource): ConfigFile {
    const display = source.path ?? 'beaconry.yaml';
    let text = source.text;
    try {
      if (text === undefined) {
        if (statSync(display).size > MAX_FILE) throw new Error('it is larger than 1 MiB');
        text = readFileSync(display, 'utf8');
      }
    } catch (error) {
      const message = `cannot be read: ${messageOf(error)}; "beaconry init" writes a new one`;
      throw new ConfigError([{ place: display, path: '', message }]);
    }
    return new ConfigFile(source, display, text);
  }

  /**
   * The plugin's keys, checked against its schema; `use` and `onFailure` belong to the host.
   * Only good for use while `problems` is empty.
   * @throws ServerError NOT_LISTED for a name that is not in `plugins`
   */
  section<const S extends Section>(plugin: string, schema: S): ConfigOf<S> {
    if (!this.plugins.some(({ name }) => name === plugin)) {
      throw new ServerError('NOT_LISTED', `no plugin "${plugin}" is listed in ${this.path}`);
    }
    checkSchema(plugin, schema);
    const problems: PlacedProblem[] = [];
    const path = ['plugins', plugin];
    const before = nodeAt(this.#root, ...path);
    const report = reportTo(problems);
    const all = { ...schema, ...pluginHostSchema };
    this.#root = this.#overrides.apply(this.#root, all, path, before, report);
    const read = readSection(schema, this.#ownKeys(plugin), {
      path: path.join('.'),
      place: this.#keyPlace(plugin),
      endpoints: endpointProtocols(this.#root),
      alsoKnown: Object.keys(pluginHostSchema),
    });
    this.#sectionProblems.set(plugin, [...problems, ...read.problems]);
    return read.config;
  }

  /** Adds a problem that only loading the plugin shows, at the place where it is listed. */
  report(plugin: string, message: string): void {
    this.#coreProblems.push({
      place: this.#keyPlace(plugin),
      path: `plugins.${plugin}`,
      message,
    });
  }

  /**
   * Equal for two files that say the same in this section; environment and `--set` count once `section`
   * was called. It holds secrets: compare it, never print it.
   */
  sectionText(plugin: string): string {
    return canonicalText(this.#ownKeys(plugin) ?? emptyMap(this.#root.place));
  }

  /** The same for everything but `plugins`. */
  coreText(): string {
    return canonicalText(withEntries(this.#root, (key) => key !== 'plugins'));
  }

  /** Sorted by place; complete when the section of every plugin was read and `finish` was called. */
  get problems(): Problem[] {
    const sections = [...this.#sectionProblems.values()].flat();
    const all = [...this.#coreProblems, ...sections, ...this.#finalProblems];
    const sorted = all.sort((a, b) => a.place.order - b.place.order).map(toProblem);
    // A value of an override or below an alias is read more than once.
    return [...new Map(sorted.map((problem) => [formatProblem(problem), problem])).values()];
  }

  /** Reports variables and `--set` paths that no key has asked for. */
  finish(): void {
    this.#finalProblems.length = 0;
    const names = this.plugins.map(({ name }) => name);
    const unread = names.filter((name) => !this.#sectionProblems.has(name));
    this.#overrides.finish(names, unread, reportTo(this.#finalProblems));
  }

  /** The section without the keys of the host. */
  #ownKeys(plugin: string): ConfigNode | undefined {
    const section = nodeAt(this.#root, 'plugins', plugin);
    if (section?.kind !== 'map') return section;
    return withEntries(section, (key) => !Object.hasOwn(pluginHostSchema, key));
  }

  #keyPlace(plugin: string): Place {
    const entries = nodeAt(this.#root, 'plugins');
    const entry = entries?.kind === 'map' ? entries.entries.get(plugin) : undefined;
    return entry?.keyPlace ?? this.#root.place;
  }

  #readPlugins(report: Report): PluginEntry[] {
    const node = nodeAt(this.#root, 'plugins');
    if (node !== undefined && !isNull(node) && node.kind !== 'map') {
      report(node.place, 'plugins', 'must be a mapping of plugin names to their keys');
      return [];
    }
    if (node?.kind !== 'map' || node.entries.size === 0) {
      const message =
        'lists nothing to run; write "plugins:" with one line for each plugin, such as "  NAME: {}"; "beaconry init" writes a complete file';
      report(node?.place ?? this.#root.place, 'plugins', message);
      return [];
    }
    return [...node.entries].flatMap(([name, { keyPlace, value }]) => {
      const path = ['plugins', name];
      if (!KEY_PATTERN.test(name)) {
        const message = 'a name is made of a-z, 0-9 and "-" and begins with a letter';
        report(keyPlace, path.join('.'), message);
        return [];
      }
      this.#root = this.#overrides.apply(this.#root, pluginHostSchema, path, value, report, true);
      const section = nodeAt(this.#root, ...path);
      if (section?.kind !== 'map') return [{ name, use: name, onFailure: 'stop' as const }];
      const host = withEntries(section, (key) => Object.hasOwn(pluginHostSchema, key));
      const options = { path: path.join('.'), place: keyPlace };
      const { config, problems } = readSection(pluginHostSchema, host, options);
      this.#coreProblems.push(...problems);
      return [{ name, use: config.use ?? name, onFailure: config.onFailure }];
    });
  }
}

/** A plugin without types may state anything; the mistake is named before it shows as something else. */
function checkSchema(plugin: string, schema: Section, path = ''): void {
  for (const [key, node] of Object.entries(schema)) {
    if (typeof node !== 'object' || node === null) {
      throw new ServerError(
        'SCHEMA',
        `plugin ${plugin} states its key "${path}${key}" as ${String(node)}; write { doc: '…', format: String, default: … }`,
      );
    }
    if (!isLeaf(node)) checkSchema(plugin, node, `${path}${key}.`);
  }
}

const toProblem = ({ place, path, message }: PlacedProblem): Problem => ({
  place: place.text,
  path,
  message,
});

const reportTo =
  (problems: PlacedProblem[]): Report =>
  (place, path, message) => {
    problems.push({ place, path, message });
  };
