import type { DescribedPlugin } from './config-reference.js';
import { defaultOf, isRequired } from './default-value.js';
import { wordsOf } from './format-words.js';
import {
  type Format,
  type FormatName,
  isLeaf,
  type Leaf,
  type Node,
  type Section,
} from './schema.js';
import { KEY_PATTERN, pluginHostSchema, serverSchema } from './server-schema.js';

type JsonSchema = { readonly [key: string]: unknown };

/** JSON Schema 2020-12 of the file, for completion and checks in editors. */
export function configJsonSchema(plugins: readonly DescribedPlugin[]): JsonSchema {
  const core = sectionSchema(serverSchema);
  const host = (sectionSchema(pluginHostSchema) as { properties: object }).properties;
  const known = plugins.map(({ name, doc, config = {} }) => {
    const section = sectionSchema({ ...config, ...pluginHostSchema });
    // A section may be left empty when nothing in it is required.
    const type = 'required' in section ? 'object' : ['object', 'null'];
    return [name, { ...section, type, ...(doc === undefined ? {} : { description: doc }) }];
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'beaconry configuration',
    ...core,
    required: ['plugins'],
    properties: {
      ...(core.properties as object),
      plugins: {
        description: 'Listed plugins are enabled.',
        type: 'object',
        minProperties: 1,
        propertyNames: { pattern: KEY_PATTERN.source },
        properties: Object.fromEntries(known),
        additionalProperties: { type: ['object', 'null'], properties: host, required: ['use'] },
      },
    },
  };
}

function sectionSchema(section: Section): JsonSchema {
  const entries = Object.entries(section);
  const required = entries.filter(([, node]) => isNeeded(node)).map(([key]) => key);
  return {
    type: required.length === 0 ? ['object', 'null'] : 'object',
    properties: Object.fromEntries(entries.map(([key, node]) => [key, nodeSchema(node)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

const isNeeded = (node: Node): boolean =>
  isLeaf(node) ? isRequired(node) : Object.values(node).some(isNeeded);

function nodeSchema(node: Node): JsonSchema {
  if (!isLeaf(node)) return sectionSchema(node);
  const format = formatSchema(node.format);
  const value = node.nullable === true ? { anyOf: [format, { type: 'null' }] } : format;
  return { description: node.doc, ...value, ...defaultSchema(node) };
}

const defaultSchema = (leaf: Leaf): JsonSchema =>
  isRequired(leaf) || leaf.sensitive === true ? {} : { default: plain(defaultOf(leaf)) };

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const text = (pattern: string): JsonSchema => ({ type: 'string', pattern });
const oneOrMany = (item: JsonSchema): JsonSchema => ({
  anyOf: [item, { type: 'array', items: item, minItems: 1 }],
});
const ADDRESS = text('^(\\[[0-9a-fA-F:.%\\w-]+\\]|[^:\\s\\[\\]]+):\\d{1,5}$');
const ENDPOINT = oneOrMany({ type: 'string' });
const NAMED: Readonly<Record<FormatName, JsonSchema>> = {
  int: { type: 'integer' },
  nat: { type: 'integer', minimum: 0 },
  port: { type: 'integer', minimum: 0, maximum: 65535 },
  duration: { anyOf: [text('^\\d+(\\.\\d+)?(ms|s|m|h|d)$'), { const: 0 }] },
  bytes: { anyOf: [text('^\\d+( ?(KiB|MiB|GiB))?$'), { type: 'integer', minimum: 0 }] },
  address: ADDRESS,
  cidr: text('^[0-9a-fA-F:.]+(/\\d{1,3})?$'),
  ipv4: text('^\\d{1,3}(\\.\\d{1,3}){3}$'),
  ipv6: text('^[0-9a-fA-F:.]+$'),
  hex: { anyOf: [text('^([0-9a-fA-F]{2})*$'), { type: 'integer', minimum: 0 }] },
  uint64: { anyOf: [text('^\\d{1,20}$'), { type: 'integer', minimum: 0 }] },
  binds: oneOrMany(ADDRESS),
  'udp-endpoints': ENDPOINT,
  'tcp-endpoints': ENDPOINT,
  'http-endpoints': ENDPOINT,
};

function formatSchema(format: Format): JsonSchema {
  if (format === String) return { type: 'string' };
  if (format === Number) return { type: 'number' };
  if (format === Boolean) return { type: 'boolean' };
  if (typeof format === 'string') return { ...NAMED[format], title: wordsOf(format) };
  if (Array.isArray(format)) return { enum: format };
  if (typeof format !== 'object' || !('kind' in format)) return {};
  if (format.kind === 'either') {
    return { anyOf: [{ const: format.word }, formatSchema(format.item)] };
  }
  if (format.kind === 'list') return { type: 'array', items: nodeSchema(format.item) };
  return { type: 'object', additionalProperties: nodeSchema(format.item) };
}
