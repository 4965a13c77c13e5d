import { defaultOf, isRequired } from './default-value.js';
import { environmentName } from './environment.js';
import { wordsOf } from './format-words.js';
import { type Format, isLeaf, type Leaf, type Node, type Section } from './schema.js';
import { pluginHostSchema, serverSchema } from './server-schema.js';
import { valueText } from './value-text.js';

/** What the generators need to know of a plugin. */
export interface DescribedPlugin {
  readonly name: string;
  readonly doc?: string;
  readonly config?: Section;
}

const ANY_NAME = '<name>';

/** Markdown: every key of core and of these plugins with doc, format, default and environment name. */
export function configReference(plugins: readonly DescribedPlugin[]): string {
  const lines = [
    '# Configuration reference',
    '',
    'Order: default < file < environment < `--set`. Values of the environment are read as YAML;',
    'for a secret key, the variable with `_FILE` at its end names a file that holds the value.',
    '',
    '## Server',
    '',
    ...table(serverSchema, []),
    '',
    '## Every plugin',
    '',
    ...table(pluginHostSchema, ['plugins', 'NAME']),
  ];
  for (const { name, doc, config = {} } of plugins) {
    lines.push('', `## ${name}`, '');
    if (doc !== undefined) lines.push(doc, '');
    const isBare = Object.keys(config).length === 0;
    lines.push(...(isBare ? ['No keys of its own.'] : table(config, ['plugins', name])));
  }
  return `${lines.join('\n')}\n`;
}

function table(section: Section, path: readonly string[]): string[] {
  return [
    '| key | what it does | value | default | environment |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries(section).flatMap(([key, node]) => rows(node, [...path, key], true)),
  ];
}

function rows(node: Node, path: readonly string[], settable: boolean): string[] {
  if (!isLeaf(node)) {
    return Object.entries(node).flatMap(([key, child]) => rows(child, [...path, key], settable));
  }
  const cells = [
    code(path.join('.')),
    node.doc + (node.sensitive === true ? ' Secret.' : ''),
    longWords(node.format) + (node.nullable === true ? ', or null' : ''),
    defaultCell(node),
    settable ? environmentCell(node, path) : '',
  ];
  const row = `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [row, ...itemRows(node.format, path, settable)];
}

/** The keys of an item of a list or record; only those of a record have variables of their own. */
function itemRows(format: Format, path: readonly string[], settable: boolean): string[] {
  if (typeof format !== 'object' || !('kind' in format)) return [];
  if (format.kind === 'either') return itemRows(format.item, path, false);
  const { item } = format;
  const last = path.at(-1) ?? '';
  const below = format.kind === 'list' ? [...path.slice(0, -1), `${last}[]`] : [...path, ANY_NAME];
  if (isLeaf(item)) return itemRows(item.format, below, false);
  return rows(item, below, settable && format.kind === 'record');
}

function longWords(format: Format): string {
  if (typeof format !== 'object' || !('kind' in format)) return wordsOf(format);
  if (format.kind === 'either') return `${format.word}, or ${longWords(format.item)}`;
  const { item } = format;
  const each = isLeaf(item) ? longWords(item.format) : 'a mapping';
  return format.kind === 'list' ? `a list; each: ${each}` : `a mapping; each value: ${each}`;
}

function defaultCell(leaf: Leaf): string {
  if (isRequired(leaf)) return 'required';
  return code(valueText(leaf.format, defaultOf(leaf)));
}

function environmentCell(leaf: Leaf, path: readonly string[]): string {
  const name = environmentName(path.map((key) => (key === ANY_NAME ? 'NAME' : key)));
  return code(name) + (leaf.sensitive === true ? ` ${code(`${name}_FILE`)}` : '');
}

const code = (text: string): string => `\`${text}\``;
