import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../errors.js';
import {
  type ConfigMap,
  type ConfigNode,
  type Place,
  type Report,
  withValue,
} from './config-node.js';
import { ENVIRONMENT_PREFIX, type EnvironmentKey, environmentKeys } from './environment.js';
import { isLeaf, type Node, type Section } from './schema.js';
import { readYaml } from './yaml-reader.js';

const MAX_SECRET_FILE = 1 << 16;
const ENVIRONMENT_ORDER = 2 ** 50;
const SET_ORDER = 2 ** 51;

interface Assignment {
  readonly path: string;
  readonly text: string;
  readonly place: Place;
  used: boolean;
}

/** Values from the environment and from `--set`, put into the tree with their source as their place. */
export class Overrides {
  readonly #variables: ReadonlyMap<string, { readonly text: string; readonly place: Place }>;
  readonly #known = new Map<string, string>();
  readonly #assignments: Assignment[] = [];

  constructor(
    environment: Readonly<Record<string, string | undefined>>,
    set: readonly string[],
    private readonly folder: string,
    report: Report,
  ) {
    const names = Object.keys(environment).filter((name) => name.startsWith(ENVIRONMENT_PREFIX));
    this.#variables = new Map(
      names.sort().flatMap((name, index) => {
        const text = environment[name];
        const place = { text: `environment ${name}`, order: ENVIRONMENT_ORDER + index };
        return text === undefined ? [] : [[name, { text, place }] as const];
      }),
    );
    for (const [index, assignment] of set.entries()) {
      const equals = assignment.indexOf('=');
      const path = equals < 0 ? assignment : assignment.slice(0, equals);
      const place = { text: `--set ${path}`, order: SET_ORDER + index };
      if (equals < 1) report(place, '', 'must be path=value');
      else {
        const text = assignment.slice(equals + 1);
        this.#assignments.push({ path, text, place, used: false });
      }
    }
  }

  /**
   * The tree with everything that belongs to this schema below `path`. With `partly` a `--set` of a key
   * that the schema lacks waits for another schema; without it, reading reports the key.
   */
  apply(
    root: ConfigMap,
    schema: Section,
    path: readonly string[],
    node: ConfigNode | undefined,
    report: Report,
    partly = false,
  ): ConfigMap {
    let next = root;
    const taken = new Map<string, EnvironmentKey>();
    for (const key of environmentKeys(schema, path, node)) {
      const variable = this.#variables.get(key.name);
      const dotted = key.path.join('.');
      const other = this.#known.get(key.name) ?? dotted;
      this.#known.set(key.name, other);
      if (variable === undefined) continue;
      if (other !== dotted) {
        report(variable.place, dotted, `stands for ${other} too; set them in the file`);
        continue;
      }
      const twin = taken.get(dotted);
      if (twin !== undefined) {
        report(variable.place, dotted, `is set by ${twin.name} too; keep one of them`);
        continue;
      }
      taken.set(dotted, key);
      const value = key.file
        ? this.#secret(key, variable.text, variable.place, report)
        : yamlValue(variable.text, variable.place, dotted, report, key.leaf.sensitive);
      if (value !== undefined) next = withValue(next, key.path, value, variable.place);
    }
    return this.#applySet(next, schema, path, report, partly);
  }

  #applySet(
    root: ConfigMap,
    schema: Section,
    path: readonly string[],
    report: Report,
    partly: boolean,
  ): ConfigMap {
    let next = root;
    const prefix = path.map((key) => `${key}.`).join('');
    for (const assignment of this.#assignments) {
      if (!assignment.path.startsWith(prefix)) continue;
      const below = assignment.path.slice(prefix.length);
      const [first = ''] = below.split('.', 1);
      if (partly && !Object.hasOwn(schema, first)) continue;
      assignment.used = true;
      const keys = keysOf(schema, below);
      if (keys === undefined) {
        report(
          assignment.place,
          assignment.path,
          'nothing below a single value or list can be set',
        );
        continue;
      }
      const value = yamlValue(assignment.text, assignment.place, assignment.path, report);
      if (value === undefined) continue;
      next = withValue(next, [...path, ...keys], value, assignment.place);
    }
    return next;
  }

  /** A secret is the text of the file; a final line feed belongs to the editor. */
  #secret(key: EnvironmentKey, file: string, place: Place, report: Report): ConfigNode | undefined {
    const path = resolve(this.folder, file);
    const dotted = key.path.join('.');
    try {
      if (statSync(path).size > MAX_SECRET_FILE) throw new Error('it is larger than 64 KiB');
      const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
      if (key.leaf.format === String) return { kind: 'scalar', value: text, text, place };
      return yamlValue(text, place, dotted, report, true);
    } catch (error) {
      report(place, dotted, `cannot be read from ${path}: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Reports what nothing has asked for; `unread` are plugins whose schema is not known. */
  finish(plugins: readonly string[], unread: readonly string[], report: Report): void {
    const waiting = unread.map((name) => ({
      set: `plugins.${name}.`,
      variable: `${ENVIRONMENT_PREFIX}PLUGINS_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_`,
    }));
    const listed = plugins.length === 0 ? 'none' : plugins.join(', ');
    for (const [name, { place }] of this.#variables) {
      if (this.#known.has(name)) continue;
      if (waiting.some(({ variable }) => name.startsWith(variable))) continue;
      const message = name.startsWith(`${ENVIRONMENT_PREFIX}PLUGINS_`)
        ? `no key of a listed plugin has this name; listed: ${listed}`
        : 'no key has this name; "beaconry config-reference" names them all';
      report(place, '', message);
    }
    for (const { path, place, used } of this.#assignments) {
      if (used || waiting.some(({ set }) => path.startsWith(set))) continue;
      const message = path.startsWith('plugins.')
        ? `touches no key of a listed plugin; listed: ${listed}`
        : 'touches no key; "beaconry config-reference" names them all';
      report(place, path, message);
    }
  }
}

function yamlValue(
  text: string,
  place: Place,
  path: string,
  report: Report,
  secret = false,
): ConfigNode | undefined {
  const { root, unreadable, problems } = readYaml(text, () => place);
  // What the parser says may quote the value.
  for (const { message } of problems) {
    report(place, path, secret ? 'is not YAML; write it in quotes' : message);
  }
  if (unreadable) return undefined;
  return root ?? { kind: 'scalar', value: null, text: '', place };
}

/** Keys along the schema; the keys of a record of plain values may hold dots. Undefined below a value. */
function keysOf(schema: Node, path: string): string[] | undefined {
  if (isLeaf(schema)) {
    const { format } = schema;
    if (typeof format !== 'object' || !('kind' in format) || format.kind !== 'record') {
      return undefined;
    }
    if (isLeaf(format.item)) return [path];
    const [name = '', ...rest] = path.split('.');
    if (rest.length === 0) return [name];
    const below = keysOf(format.item, rest.join('.'));
    return below && [name, ...below];
  }
  const dot = path.indexOf('.');
  const key = dot < 0 ? path : path.slice(0, dot);
  const child = Object.hasOwn(schema, key) ? schema[key] : undefined;
  if (dot < 0 || child === undefined) return [dot < 0 ? key : path];
  const below = keysOf(child, path.slice(dot + 1));
  return below && [key, ...below];
}
