import type { ConfigNode, ConfigScalar, Place, PlacedProblem } from './config-node.js';
import { isNull } from './config-node.js';
import { defaultOf, isRequired } from './default-value.js';
import { isLiteral, readScalar } from './format-reader.js';
import { wordsOf } from './format-words.js';
import { mergeDefaults, type Read, withDefaults } from './merge-defaults.js';
import type { Address, ConfigOf, Format, Leaf, Node, Section } from './schema.js';
import { isLeaf } from './schema.js';

export type EndpointProtocol = 'udp' | 'tcp' | 'http';

export interface SectionOptions {
  /** Path of the section, for messages; empty for the whole file. */
  readonly path: string;
  /** Where the section is named: the place of problems that have no node. */
  readonly place: Place;
  /** Configured endpoints; undefined stands for one whose protocol could not be read. */
  readonly endpoints?: ReadonlyMap<string, EndpointProtocol | undefined>;
  /** Keys of this section that somebody else reads. */
  readonly alsoKnown?: readonly string[];
}

/**
 * Reads one section against one schema: every problem with its place, never a coercion. A key with a
 * problem has its default in `config`, which is therefore only good for use when there is no problem.
 */
export function readSection<const S extends Section>(
  schema: S,
  node: ConfigNode | undefined,
  options: SectionOptions,
): { config: ConfigOf<S>; problems: PlacedProblem[] } {
  const reader = new SectionReader(options);
  const read = reader.section(schema, node, options.path, options.alsoKnown);
  return { config: mergeDefaults(schema, read) as ConfigOf<S>, problems: reader.problems };
}

class SectionReader {
  readonly problems: PlacedProblem[] = [];
  constructor(private readonly options: SectionOptions) {}

  #report(place: Place, path: string, message: string): undefined {
    this.problems.push({ place, path, message });
    return undefined;
  }

  /** The keys that were given and right. */
  section(
    schema: Section,
    node: ConfigNode | undefined,
    path: string,
    alsoKnown: readonly string[] = [],
  ): Read {
    if (node !== undefined && !isNull(node) && node.kind !== 'map') {
      this.#report(node.place, path, 'must be a mapping');
      return {};
    }
    const entries = node?.kind === 'map' ? node.entries : new Map<string, never>();
    const place = node?.place ?? this.options.place;
    const known = [...Object.keys(schema), ...alsoKnown];
    for (const [key, entry] of entries) {
      if (known.includes(key)) continue;
      const here = known.length === 0 ? 'none' : known.join(', ');
      this.#report(entry.keyPlace, join(path, key), `unknown key; known here: ${here}`);
    }
    const read: [string, unknown][] = [];
    for (const [key, child] of Object.entries(schema)) {
      const given = entries.get(key)?.value;
      const value = this.#child(child, given, join(path, key), place);
      if (value !== undefined) read.push([key, value]);
    }
    return Object.fromEntries(read);
  }

  #child(child: Node, given: ConfigNode | undefined, path: string, parent: Place): unknown {
    if (!isLeaf(child)) return this.section(child, given, path);
    if (given !== undefined) return this.#leaf(child, given, path);
    if (isRequired(child)) return this.#report(parent, path, 'is required');
    this.#checkDefault(child, path);
    return undefined;
  }

  #leaf(leaf: Leaf, node: ConfigNode, path: string): unknown {
    if (leaf.nullable === true && isNull(node)) return null;
    return this.#format(leaf.format, node, path, leaf.sensitive === true);
  }

  #format(format: Format, node: ConfigNode, path: string, secret: boolean): unknown {
    const wrong = () => this.#report(node.place, path, `must be ${wordsOf(format)}`);
    if (typeof format === 'object' && 'kind' in format) {
      if (format.kind === 'either')
        return this.#either(format.word, format.item, node, path, secret);
      if (format.kind === 'list') {
        if (node.kind !== 'list') return wrong();
        return node.items
          .map((item, index) => this.#item(format.item, item, `${path}[${index}]`, secret))
          .filter((item) => item !== undefined);
      }
      if (node.kind !== 'map') return wrong();
      const values = new Map<string, unknown>();
      for (const [key, entry] of node.entries) {
        const value = this.#item(format.item, entry.value, join(path, key), secret);
        if (value !== undefined) values.set(key, value);
      }
      return values;
    }
    if (format === 'binds') return this.#binds(node, path);
    if (format === 'udp-endpoints') return this.#endpoints('udp', node, path);
    if (format === 'tcp-endpoints') return this.#endpoints('tcp', node, path);
    if (format === 'http-endpoints') return this.#endpoints('http', node, path);
    if (node.kind !== 'scalar') {
      return this.#report(node.place, path, `must be a single value: ${wordsOf(format)}`);
    }
    const value = readScalar(format, node);
    if (value !== undefined) return value;
    const hint = format === String ? quoteHint(node, secret) : '';
    return this.#report(node.place, path, `must be ${wordsOf(format)}${hint}`);
  }

  #either(word: string, item: Format, node: ConfigNode, path: string, secret: boolean): unknown {
    if (node.kind === 'scalar' && node.value === word) return word;
    const before = this.problems.length;
    const value = this.#format(item, node, path, secret);
    const [problem, ...more] = this.problems.slice(before);
    if (value === undefined && problem?.path === path && more.length === 0) {
      const message = problem.message.replace(/^must be /, `must be ${word}, or `);
      this.problems[before] = { ...problem, message };
    }
    return value;
  }

  /** An item of a list or record is a section of its own: its defaults apply. */
  #item(item: Node, node: ConfigNode, path: string, secret: boolean): unknown {
    if (!isLeaf(item)) return withDefaults(item, this.section(item, node, path));
    if (item.nullable === true && isNull(node)) return null;
    return this.#format(item.format, node, path, secret || item.sensitive === true);
  }

  #binds(node: ConfigNode, path: string): readonly Address[] | undefined {
    const binds = this.#texts('binds', node, path).flatMap(([scalar, at]) => {
      const bind = readScalar('address', scalar) as Address | undefined;
      if (bind === undefined) {
        this.#report(scalar.place, at, `must be ${wordsOf('address')}`);
        return [];
      }
      if (isLiteral(bind.host)) return [bind];
      const message = `listens on an IP literal or localhost; "${bind.host}" is a name`;
      this.#report(scalar.place, at, message);
      return [];
    });
    return binds.length === 0 ? undefined : binds;
  }

  #endpoints(protocol: EndpointProtocol, node: ConfigNode, path: string): unknown {
    const format = `${protocol}-endpoints` as const;
    const names = new Set<string>();
    for (const [scalar, at] of this.#texts(format, node, path)) {
      if (typeof scalar.value !== 'string') {
        this.#report(scalar.place, at, `must be ${wordsOf(format)}`);
      } else if (this.#isEndpoint(scalar.value, protocol)) names.add(scalar.value);
      else {
        const known = this.#known(protocol);
        const choice = known.length === 0 ? 'there is none' : `known: ${known.join(', ')}`;
        const message = `no ${protocol} endpoint is named "${scalar.value}"; ${choice}`;
        this.#report(scalar.place, at, message);
      }
    }
    return names.size === 0 ? undefined : [...names];
  }

  /** One scalar, or a list of them that is not empty, each with its path. */
  #texts(format: Format, node: ConfigNode, path: string): [ConfigScalar, string][] {
    if (node.kind === 'scalar') return [[node, path]];
    if (node.kind === 'map') this.#report(node.place, path, `must be ${wordsOf(format)}`);
    else if (node.items.length === 0) this.#report(node.place, path, 'must not be an empty list');
    else {
      return node.items.flatMap((item, index) => {
        const at = `${path}[${index}]`;
        if (item.kind === 'scalar') return [[item, at]];
        this.#report(item.place, at, 'must be a single value');
        return [];
      });
    }
    return [];
  }

  #isEndpoint(name: string, protocol: EndpointProtocol): boolean {
    const { endpoints } = this.options;
    if (endpoints === undefined || !endpoints.has(name)) return endpoints === undefined;
    return (endpoints.get(name) ?? protocol) === protocol;
  }

  #known(protocol: EndpointProtocol): string[] {
    const endpoints = [...(this.options.endpoints ?? [])];
    return endpoints.filter(([, of]) => of === protocol).map(([name]) => name);
  }

  /** A default that names no configured endpoint is found here, not when the plugin asks for it. */
  #checkDefault(leaf: Leaf, path: string): void {
    if (typeof leaf.format !== 'string' || !leaf.format.endsWith('-endpoints')) return;
    const protocol = leaf.format.slice(0, -'-endpoints'.length) as EndpointProtocol;
    for (const name of (defaultOf(leaf) ?? []) as readonly string[]) {
      if (this.#isEndpoint(name, protocol)) continue;
      const known = this.#known(protocol);
      const taken = this.options.endpoints?.has(name) === true;
      const add = `add "${taken ? 'NAME' : name}: { ${protocol}: HOST:PORT }" under endpoints`;
      const choose = `set ${path} to one of: ${known.join(', ')}`;
      const remedy = known.length === 0 ? add : taken ? choose : `${choose}; or ${add}`;
      const message = `its default "${name}" names no ${protocol} endpoint; ${remedy}`;
      this.#report(this.options.place, path, message);
    }
  }
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

function quoteHint({ value, text }: ConfigScalar, secret: boolean): string {
  if (value === null && text === '') return '; write "" for an empty one';
  return secret ? '; write it in quotes' : `; write it in quotes: "${text}"`;
}
