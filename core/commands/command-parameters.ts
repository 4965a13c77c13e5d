import type { ConfigEntry, ConfigMap, ConfigNode } from '../config/config-node.js';
import { isRequired } from '../config/default-value.js';
import { isLeaf, type Leaf, type Node, type Section } from '../config/schema.js';
import { readSection } from '../config/section.js';
import { readYaml } from '../config/yaml-reader.js';
import { ServerError } from '../errors.js';
import type { Json } from '../store/store.js';
import type { Command } from './command.js';

/** Parameters by name: values of JSON from programs, texts from people. */
export type GivenParameters =
  | { readonly kind: 'json'; readonly values: { readonly [name: string]: Json } }
  | { readonly kind: 'text'; readonly values: Readonly<Record<string, string>> };

const nowhere = { text: '', order: 0 };

/** Checks parameters against the command's schema, as configuration is checked; error `PARAMETERS` names all. */
export function readParameters(command: Command, given: GivenParameters): unknown {
  const schema = command.parameters as Section;
  const entries = new Map<string, ConfigEntry>();
  const unreadable: string[] = [];
  for (const [name, value] of Object.entries(given.values)) {
    const node =
      given.kind === 'json' ? fromJson(value as Json) : fromText(schema[name], value as string);
    if (node === undefined) unreadable.push(`${name}: cannot be read`);
    else entries.set(name, { keyPlace: nowhere, value: node });
  }
  const map: ConfigMap = { kind: 'map', entries, place: nowhere };
  const { config, problems } = readSection(schema, map, { path: '', place: nowhere });
  const wrong = [
    ...unreadable,
    ...problems.map(({ path, message }) => `${path.replace(/^\./, '')}: ${message}`),
  ];
  if (wrong.length > 0) throw new ParameterError(command.name, wrong);
  return config;
}

/** What is wrong with the parameters of a command. */
export class ParameterError extends ServerError {
  readonly statusCode = 400;
  constructor(command: string, wrong: readonly string[]) {
    super('PARAMETERS', `${command}: ${wrong.join('; ')}`);
  }
}

/** Names of required parameters, which are positional, in the order of their definition. */
export const positionalParameters = (command: Command): string[] =>
  Object.entries(command.parameters as Section)
    .filter(([, node]) => isLeaf(node) && isRequired(node))
    .map(([name]) => name);

/** Parameters as the audit keeps them: without secrets. */
export function publicParameters(
  command: Command,
  given: GivenParameters,
): { [name: string]: Json } {
  const schema = command.parameters as Section;
  return Object.fromEntries(
    Object.entries(given.values).map(([name, value]) => {
      const node = schema[name] as Leaf | undefined;
      return [name, node?.sensitive === true ? '[redacted]' : (value as Json)];
    }),
  );
}

const fromJson = (value: Json): ConfigNode | undefined =>
  readYaml(JSON.stringify(value), () => nowhere).root;

/** A text is taken as it is where text is wanted, and read like a value of the file elsewhere. */
function fromText(node: Node | undefined, text: string): ConfigNode | undefined {
  if (node !== undefined && isLeaf(node) && wantsText(node.format)) {
    return { kind: 'scalar', value: text, text, place: nowhere };
  }
  const { root, unreadable } = readYaml(text, () => nowhere);
  return unreadable ? undefined : root;
}

const wantsText = (format: Leaf['format']): boolean =>
  format === String ||
  (Array.isArray(format) && format.every((word) => typeof word === 'string')) ||
  (typeof format === 'object' &&
    'kind' in format &&
    format.kind === 'either' &&
    wantsText(format.item));
